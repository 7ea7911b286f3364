"""What a table is made of: rows, their values, and how they are made."""

import dataclasses
from collections.abc import Callable
from typing import Any

from nmt.analysis.results.study import Run, Study

RESAMPLES, TRIALS = 1_000, 10_000  # sacreBLEU's own
SIGNIFICANT = 0.05
SEED = 12345  # of the resampling: the same runs give the same table


def _at(*path: str) -> Callable[[dict[str, Any]], float | None]:
  def get(found: Any) -> float | None:
    for key in path:
      found = found.get(key) if isinstance(found, dict) else None
    return None if found is None else float(found)

  return get


# Numbers of <split>.json that are means over a row's runs, and whether less is better.
SCORES: dict[str, tuple[Callable[[dict[str, Any]], float | None], bool]] = {
  "bleu": (_at("bleu", "score"), False),
  "chrf": (_at("chrf", "score"), False),
  "perplexity": (_at("perplexity"), True),
  "aer": (_at("alignment", "aer"), True),
  "attention_entropy": (_at("attention_entropy"), True),
}
COSTS = ("parameters", "flops_per_target_token", "target_tokens_per_second", "hours")


@dataclasses.dataclass(frozen=True)
class Options:
  """How the table is made; `group`: keys, or None for all but the seed."""

  metric: str
  group: tuple[str, ...] | None = None
  baseline: str | None = None
  resamples: int = RESAMPLES
  trials: int = TRIALS


@dataclasses.dataclass
class Row:
  """One configuration. values: every number by its column's name, None where there is none.

  label: the values of the keys that tell rows apart. called: where these are many, the study's name
  for the row, which people are shown in their place. runs: by what tells them apart inside the row,
  the seed. points: the score of each run, in that order. against: the row it is compared with.
  """

  label: dict[str, Any]
  runs: dict[tuple[Any, ...], Run]
  values: dict[str, Any] = dataclasses.field(default_factory=dict)
  points: list[float] = dataclasses.field(default_factory=list)
  is_baseline: bool = False
  against: "Row | None" = None
  called: str = ""

  @property
  def name(self) -> str:
    return ", ".join(self.parts) or "all runs"

  @property
  def parts(self) -> list[str]:
    """The parts of its name: the study's, or keys and values, without those that it lacks."""
    if self.called:
      return self.called.split(",")
    return [f"{key}={value}" for key, value in self.label.items() if value is not None]

  @property
  def star(self) -> bool:
    """Whether its difference is significant: never said of a single pair of runs."""
    p, pairs = self.values.get("p_holm"), self.values.get("pairs")
    return p is not None and p < SIGNIFICANT and (pairs or 0) > 1


@dataclasses.dataclass(frozen=True)
class Table:
  """Rows in the study's order, and what has to be said with them.

  own: the study's own columns, of each the number of every run by its name.
  """

  study: Study
  metric: str
  lower_is_better: bool
  keys: list[str]
  rows: list[Row]
  notes: list[str]
  signatures: list[str]
  own: dict[str, dict[str, float | None]] = dataclasses.field(default_factory=dict)

  @property
  def heads(self) -> int:
    """How many columns of what people read say which row it is."""
    return 1 if self.rows[0].called else max(1, len(self.keys))

  @property
  def baselines(self) -> list[Row]:
    """None, one, or one for each value of the other keys."""
    return [row for row in self.rows if row.is_baseline]
