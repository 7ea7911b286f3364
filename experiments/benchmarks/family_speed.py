"""How fast does each kind train and search, beside the paper's?

Hypothesis: most mechanisms, cells, encoders and orders cost within a fifth of the paper's, because
products and the vocabulary dominate; what runs a loop or a sort of its own costs more.

  python -m experiments.benchmarks.family_speed --lines results/family_speed.jsonl

changes one kind at a time in configs/quickstart.py (the baselines: additive, softmax, gru,
bidirectional, attend_first, maxout, likelihood). An update and a greedy search of one batch of
random sentences take turns with the baseline's, in one process, and the ratio is taken within each
turn. A ratio by CPU seconds hardly depends on what else the machine does; one by the clock does.
Where the file has lines of this machine and these settings, only kinds without a line are measured.
"""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from experiments.benchmarks import lines, turns
from nmt import cli, kinds
from nmt.errors import UserError
from nmt.files import check_output
from nmt.launching.flags import override_by

GROUPS = tuple(kinds.PACKAGES)
# What a kind needs beside it, and the options that it is also measured with.
NEEDS: dict[str, dict[str, Any]] = {
  "model.attention.hard": {"train.objective.kind": "reinforce"},
  "train.objective.reinforce": {"model.attention.kind": "hard"},
  "train.objective.risk": {"train.objective.samples": 10},
  "train.objective.variational": {
    "model.attention.kind": "latent",
    "model.attention.inference": True,
  },
}
ALSO: dict[str, dict[str, Any]] = {
  "model.order.update_first": {"model.order.input_feeding": False},
  "model.attention.multihead": {"model.attention.energy": "scaled_dot"},
}
BATCH = {"sentences": 48, "length": 20}  # about the grammar's mean, EOS included
WORDS = (1558, 3154)  # of the grammar


class Variant(NamedTuple):
  """A kind to measure: its group, its name, and what is changed in the config for it."""

  group: str
  kind: str
  changes: dict[str, Any]

  @property
  def name(self) -> str:
    """As --only takes it: the kind's key, and options other than their defaults."""
    also = [f"{k.rpartition('.')[2]}={v}" for k, v in self.changes.items() if k != self.key]
    return " ".join([f"{self.group}.{self.kind}", *also])

  @property
  def key(self) -> str:
    return f"{self.group}.kind"


def variants(only: Sequence[str] = ()) -> list[Variant]:
  """All kinds but the baselines, or those of some groups or keys; UserError for an unknown one."""
  config = _quickstart()
  found = []
  for group in GROUPS:
    for kind in kinds.names(group):
      key = f"{group}.{kind}"
      if only and not {group, key} & set(only):
        continue
      changes = {f"{group}.kind": kind, **NEEDS.get(key, {})}
      if kind != config[group.split(".")[0]][group.split(".")[1]].kind:
        found.append(Variant(group, kind, changes))
      if key in ALSO:
        found.append(Variant(group, kind, changes | ALSO[key]))
  known = {*GROUPS, *(f"{group}.{kind}" for group in GROUPS for kind in kinds.names(group))}
  for name in only:
    if name not in known:
      raise UserError(f"--only {name}: no such group or kind; groups are {', '.join(GROUPS)}")
  return found


def main(arguments: Sequence[str]) -> None:
  """Parses the command line, measures what isn't there yet, and prints the table."""
  parser = argparse.ArgumentParser(
    prog="python -m experiments.benchmarks.family_speed",
    description=__doc__,
    formatter_class=argparse.RawTextHelpFormatter,
  )
  parser.add_argument("--lines", type=Path, help="a file for what was found, as JSON lines")
  parser.add_argument(
    "--only", action="append", default=[], help="a group or kind: model.cell.lstm"
  )
  parser.add_argument("--seconds", type=float, default=4.0, help="of turns for each ratio")
  options = parser.parse_args(arguments)
  check_output("--lines", options.lines)
  chosen = variants(options.only)
  done = Results(options.lines)
  missing = [one for one in chosen if one.name not in done.found]
  if missing:
    baseline = Baseline()
    for i, variant in enumerate(missing):
      done.say(f"{i + 1} of {len(missing)}: {variant.name}")
      done.add(variant.name, measure(variant, baseline, options.seconds))
  done.show(one.name for one in chosen)


class Baseline:
  """The config of the first page, and its compiled update and search."""

  def __init__(self) -> None:
    self.config = _quickstart()
    self.update, self.search = _update(self.config), _search(self.config)
    self.parameters = _parameters(self.config)


def measure(variant: Variant, baseline: Baseline, seconds: float, least: int = 9) -> lines.Line:
  """How many times as fast as the baseline a kind is, in training and search."""
  config = override_by(baseline.config, variant.changes)
  found: lines.Line = {
    "group": variant.group,
    "kind": variant.kind,
    "changes": variant.changes,
    "more_parameters": _parameters(config) - baseline.parameters,
  }
  pairs = {"training": (_update(config), baseline.update)}
  if variant.group.startswith("model."):
    pairs["search"] = (_search(config), baseline.search)
  for what, (own, other) in pairs.items():
    times = turns.take({"kind": own, "baseline": other}, seconds, least)
    found[what] = turns.speed(times, "kind", "baseline")
    found[what]["milliseconds"] = lines.interval([1000 * s for s in times["kind"]["wall"]])
  return found


class Results:
  """What was measured so far, by name, kept in a file if there is one."""

  def __init__(self, path: Path | None):
    from experiments.benchmarks.speed.__main__ import machine

    self.path = path
    self.progress = cli.console(stderr=True)
    self.conditions: lines.Line = {"machine": machine(), "batch": BATCH, "words": list(WORDS)}
    self.found: dict[str, lines.Line] = {}
    if path and path.exists():
      first, *rest = lines.read(path) or [self.conditions]
      if first != self.conditions:
        raise UserError(
          f"{path} has results of another machine, other versions or another batch: give --lines "
          "a new file"
        )
      self.found = {line["name"]: line for line in rest}

  def say(self, text: str) -> None:
    """What is going on."""
    self.progress.print(text, style="dim", highlight=False)

  def add(self, name: str, line: lines.Line) -> None:
    """Keeps a line, and writes the file anew."""
    self.found[name] = lines.short({"name": name} | line)
    if self.path:
      lines.write(self.path, [self.conditions, *self.found.values()])

  def show(self, names: Iterable[str]) -> None:
    """The table of some names."""
    from rich.table import Table

    table = Table(title="times as fast as the baseline", title_justify="left", box=None)
    table.add_column("")
    for column in ("training, CPU", "clock", "search, CPU", "clock", "more parameters"):
      table.add_column(column, justify="right")
    for name in names:
      line = self.found[name]
      cells = [
        _shown(line[what][clock]) if what in line else ""
        for what in ("training", "search")
        for clock in ("cpu", "wall")
      ]
      table.add_row(name, *cells, f"{line['more_parameters']:+,}")
    cli.console().print(table)


def _shown(ratio: dict[str, float]) -> str:
  return f"{ratio['median']:.2f} [{ratio['low']:.2f}, {ratio['high']:.2f}]"


def _quickstart() -> Any:
  from configs import quickstart

  config = quickstart.get_config()
  config.decode.beam = 1
  config.mesh.data = 1
  return override_by(config, {})


def _rows(side: int) -> Any:
  from experiments.benchmarks.programs import sentences

  return sentences(BATCH["sentences"], BATCH["length"], WORDS[side], seed=side)


def _update(config: Any) -> Any:
  from experiments.benchmarks.programs import updating

  return updating(config, WORDS, _rows(0), _rows(1))


def _search(config: Any) -> Any:
  from experiments.benchmarks.programs import searching

  return searching(config, WORDS, _rows(0))


def _parameters(config: Any) -> int:
  import jax

  from nmt import models

  return sum(leaf.size for leaf in jax.tree.leaves(models.shapes(config.model, *WORDS)))


if __name__ == "__main__":
  cli.entry(main)
