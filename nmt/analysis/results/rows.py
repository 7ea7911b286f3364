"""Runs -> rows: one for each configuration, with its mean, its interval and its difference."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from nmt.analysis.results.study import Flat, Run, Study
from nmt.errors import UserError, nearest
from nmt.evaluation import significance
from nmt.evaluation.sufficient import Bleu, Chrf, Metric

RESAMPLES, TRIALS = 1_000, 10_000  # sacreBLEU's own
SIGNIFICANT = 0.05
SEED = 12345  # of the resampling: the same runs give the same table

# Where a run finds its data and its devices, and what it keeps: no part of what it computes.
_ELSEWHERE = ("data.dir", "data.url", "data.cache", "mesh.data", "mesh.model", "valid.keep")
_NOTHING = ("seed", *_ELSEWHERE)


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

  label: the values of the keys that tell rows apart. runs: by what tells them apart inside the row,
  the seed. points: the score of each run, in that order.
  """

  label: dict[str, Any]
  runs: dict[tuple[Any, ...], Run]
  values: dict[str, Any] = dataclasses.field(default_factory=dict)
  points: list[float] = dataclasses.field(default_factory=list)
  is_baseline: bool = False

  @property
  def name(self) -> str:
    return ", ".join(f"{key}={value}" for key, value in self.label.items()) or "all runs"

  @property
  def star(self) -> bool:
    """Whether its difference is significant: never said of a single pair of runs."""
    p, pairs = self.values.get("p_holm"), self.values.get("pairs")
    return p is not None and p < SIGNIFICANT and (pairs or 0) > 1


@dataclasses.dataclass(frozen=True)
class Table:
  """Rows in the study's order, and what has to be said with them."""

  study: Study
  metric: str
  lower_is_better: bool
  keys: list[str]
  rows: list[Row]
  notes: list[str]
  signatures: list[str]

  @property
  def baseline(self) -> Row | None:
    return next((row for row in self.rows if row.is_baseline), None)


def tabulate(study: Study, options: Options) -> Table:
  """Groups, resamples and compares; raises UserError for a key or a row that there is not."""
  if options.metric not in SCORES:
    known = ", ".join(SCORES)
    raise UserError(
      f"there is no metric {options.metric}{nearest(options.metric, SCORES)}; metrics are: {known}"
    )
  if not study.runs:
    reasons = "; ".join(f"{name}: {reason}" for name, reason in study.missing.items())
    raise UserError(f"{study.folder}: no run is done: {reasons}")
  notes = list(study.notes)
  keys, rows = _group(study, options.group, notes)
  tests = _tests(study.runs, options)
  for row in rows:
    _describe(row, options.metric, tests, notes)
  _, lower = SCORES[options.metric]
  table = Table(study, options.metric, lower, keys, rows, notes, _signatures(study.runs))
  _find_baseline(table, options.baseline, notes)
  if table.baseline is not None:
    for row in rows:
      if row is not table.baseline:
        _compare(row, table.baseline, options, tests, lower, notes)
    compared = [row for row in rows if row.values.get("p") is not None]
    for row, p in zip(
      compared, significance.holm([row.values["p"] for row in compared]), strict=True
    ):
      row.values["p_holm"] = p
  return table


def _group(
  study: Study, group: tuple[str, ...] | None, notes: list[str]
) -> tuple[list[str], list[Row]]:
  configs = {run.name: run.config for run in study.runs}
  known = list(dict.fromkeys(key for config in configs.values() for key in config))
  for key in group or ():
    if key not in known:
      raise UserError(f"--group: the runs have no key {key}{nearest(key, known)}")

  def differing(keys: Sequence[str]) -> list[str]:
    return [key for key in keys if len({repr(config.get(key)) for config in configs.values()}) > 1]

  apart = list(group) if group else differing([key for key in known if key not in _NOTHING])
  inside = [key for key in differing(known) if key not in apart and key not in _ELSEWHERE]
  rows: dict[str, Row] = {}
  for run in study.runs:
    label = {key: run.config.get(key) for key in apart}
    unit = tuple(run.config.get(key) for key in inside)
    row = rows.setdefault(repr(label), Row(label, {}))
    if unit in row.runs:
      first = row.runs[unit].name
      notes.append(f"{run.name} has the config and the seed of {first}, and is not counted again.")
      continue
    row.runs[unit] = run
  found = list(rows.values())
  shown = apart if group else _telling(study, apart, found)
  for row in found:
    row.label = {key: row.label[key] for key in shown}
  if group and inside and inside != ["seed"]:
    notes.append(f"Inside a row differ: {', '.join(inside)}.")
  return shown, found


def _telling(study: Study, keys: list[str], rows: list[Row]) -> list[str]:
  """Of the keys that differ, those that the study set, where these tell all rows apart.

  The others follow them: the options of a kind that another kind does not have, say.
  """
  chosen = {key for point in study.points.values() for key in point}
  few = [key for key in keys if key in chosen]
  return few if len({repr([row.label[key] for key in few]) for row in rows}) == len(rows) else keys


def _tests(runs: Sequence[Run], options: Options) -> dict[str, tuple[Metric, dict[str, Any], Any]]:
  """By test set: the metric, the counts of each run, and its scores on resampled test sets."""
  found = {}
  if options.metric not in ("bleu", "chrf"):
    return {}
  for test in dict.fromkeys(run.test for run in runs):
    members = [run for run in runs if run.test == test]
    references = members[0].texts["references"]
    metric: Metric = (
      Bleu(references, members[0].tokenizer) if options.metric == "bleu" else Chrf(references)
    )
    counts = {run.name: metric.counts(run.texts["hypotheses"]) for run in members}
    random = np.random.default_rng(SEED)
    drawn = significance.resample(metric.score, [*counts.values()], options.resamples, random)
    resampled = {name: drawn[:, place] for place, name in enumerate(counts)}
    found[test] = metric, counts, resampled
  return found


def _describe(row: Row, name: str, tests: Mapping[str, Any], notes: list[str]) -> None:
  """The row's own numbers."""
  runs = list(row.runs.values())
  values = row.values
  values["n"] = len(runs)
  for score, (get, _) in SCORES.items():
    _mean(values, score, [get(run.scores) for run in runs])
  for cost in COSTS:
    _mean(values, cost, [run.costs.get(cost) for run in runs])
    values.pop(f"{cost}_sd")
  devices = {run.costs["device"] for run in runs if run.costs.get("device")}
  values["device"] = " / ".join(sorted(devices)) or None
  found = [SCORES[name][0](run.scores) for run in runs]
  if None in found:
    return
  row.points = [float(score) for score in found if score is not None]
  if test := _same_test(runs, tests):
    metric, counts, _ = tests[test]
    for run, recorded in zip(runs, row.points, strict=True):
      own = float(metric.score(counts[run.name].sum(axis=0)))
      if abs(own - recorded) > 1e-6:
        notes.append(
          f"{run.name}: its texts score {own:.4f}, but {recorded:.4f} is recorded: one of them "
          "was changed."
        )
  elif tests:
    notes.append(f"{row.name}: its runs have different references; its interval is by seeds alone.")
  spread = significance.spread(np.array(row.points), _resampled(runs, tests))
  if spread is not None:
    values[f"{name}_low"], values[f"{name}_high"] = spread.interval(values[name])


def _mean(values: dict[str, Any], name: str, found: Sequence[float | None]) -> None:
  """The mean and, of two or more, the standard deviation; None unless every run has the number."""
  numbers = [float(number) for number in found if number is not None]
  whole = len(numbers) == len(found)
  values[name] = float(np.mean(numbers)) if whole else None
  values[f"{name}_sd"] = float(np.std(numbers, ddof=1)) if whole and len(numbers) > 1 else None


def _same_test(runs: Sequence[Run], tests: Mapping[str, Any]) -> str | None:
  found = {run.test for run in runs} if tests else set()
  return found.pop() if len(found) == 1 else None


def _resampled(runs: Sequence[Run], tests: Mapping[str, Any]) -> np.ndarray | None:
  test = _same_test(runs, tests)
  return None if test is None else np.stack([tests[test][2][run.name] for run in runs], axis=1)


def _find_baseline(table: Table, asked: str | None, notes: list[str]) -> None:
  """Marks the row that the others are compared with, or says why there is none."""
  rows, study = table.rows, table.study
  if asked is not None:
    matching = [row for row in rows if asked in [run.name for run in row.runs.values()]]
    if not matching:
      wanted = dict(pair.partition("=")[::2] for pair in asked.split(","))
      matching = [
        row
        for row in rows
        if all(_same(run.config, k, v) for run in row.runs.values() for k, v in wanted.items())
      ]
    if len(matching) != 1:
      names = ", ".join(run.name for row in rows for run in row.runs.values())
      raise UserError(
        f"--baseline={asked} fits {len(matching)} rows, not one; name a run ({names}) or the values"
        " of keys (KEY=VALUE,...)"
      )
    matching[0].is_baseline = True
    return
  if study.baseline is None:
    if len(rows) > 1:
      notes.append("No row is the baseline: --baseline names one to compare the others with.")
    return
  wanted = {key: value for key, value in study.baseline.items() if key != "seed"}
  points = {
    name: {key: value for key, value in point.items() if key != "seed"}
    for name, point in study.points.items()
  }
  members = [(row, list(row.runs.values())) for row in rows]
  exact = [row for row, runs in members if all(points.get(run.name) == wanted for run in runs)]
  loose = [
    row
    for row, runs in members
    if all(_same(run.config, key, value) for run in runs for key, value in wanted.items())
  ]
  for matching in (exact, loose if wanted else []):
    if len(matching) == 1:
      matching[0].is_baseline = True
      return
  shown = ", ".join(f"{key}={value}" for key, value in wanted.items()) or "the config as it is"
  why = "is no single row of this table" if loose and wanted else "has no run that is done"
  notes.append(f"The baseline ({shown}) {why}: nothing is compared.")


def _same(config: Flat, key: str, value: Any) -> bool:
  """JSON has no tuples, and a command line no types."""
  if key not in config:
    return False
  own = config[key]
  own = list(own) if isinstance(own, tuple) else own
  return bool(own == value) or str(own) == str(value)


def _compare(
  row: Row,
  baseline: Row,
  options: Options,
  tests: Mapping[str, Any],
  lower: bool,
  notes: list[str],
) -> None:
  """The difference to the baseline: of runs of the same seed on the same sentences."""
  if not row.points or not baseline.points:
    notes.append(f"{row.name}: not compared, for not all runs have {options.metric}.")
    return
  both = [*row.runs.values(), *baseline.runs.values()]
  if tests and _same_test(both, tests) is None:
    notes.append(
      f"{row.name}: not compared, for its references or its BLEU's tokenizer are not those of the "
      "baseline."
    )
    return
  values = row.values
  scores = [dict(zip(one.runs, one.points, strict=True)) for one in (row, baseline)]
  common = [unit for unit in row.runs if unit in baseline.runs]
  ours, theirs = np.array(row.points), np.array(baseline.points)
  sign = -1 if lower else 1
  better = significance.probability_of_improvement(sign * ours, sign * theirs)
  values["probability_of_improvement"] = better
  p_swaps = None
  if common:
    pairs = [[one.runs[unit] for unit in common] for one in (row, baseline)]
    apart = np.array([scores[0][unit] - scores[1][unit] for unit in common])
    if len(common) < max(len(row.runs), len(baseline.runs)):
      notes.append(
        f"{row.name}: {len(row.runs)} runs against {len(baseline.runs)}; the difference is of the "
        f"{len(common)} seeds that both have."
      )
    drawn = None
    if test := _same_test(both, tests):
      metric, counts, resampled = tests[test]
      drawn = np.stack(
        [resampled[a.name] - resampled[b.name] for a, b in zip(*pairs, strict=True)], axis=1
      )
      swapped, kept = ([counts[run.name] for run in runs] for runs in pairs)
      random = np.random.default_rng(SEED)
      p_swaps = significance.randomisation(metric.score, swapped, kept, options.trials, random)
    difference, spread = float(apart.mean()), significance.spread(apart, drawn)
  else:
    notes.append(f"{row.name}: no seed in common with the baseline; the difference is unpaired.")
    drawn_both = [_resampled(list(one.runs.values()), tests) for one in (row, baseline)]
    whole = [one for one in drawn_both if one is not None]
    difference = float(ours.mean() - theirs.mean())
    spread = significance.unpaired([ours, theirs], whole if len(whole) == 2 else None)
  values["difference"], values["pairs"] = difference, len(common) or min(len(ours), len(theirs))
  values["paired"] = bool(common)
  if spread is not None:
    values["difference_low"], values["difference_high"] = spread.interval(difference)
    values["p_spread"] = spread.p(difference)
  values["p_randomisation"] = p_swaps
  found = [p for p in (values.get("p_spread"), p_swaps) if p is not None]
  values["p"] = max(found) if found else None


def _signatures(runs: Sequence[Run]) -> list[str]:
  """Of BLEU and chrF, each once."""
  found = {
    f"{name}: {run.scores[key]['signature']}": None
    for name, key in (("BLEU", "bleu"), ("chrF", "chrf"))
    for run in runs
    if "signature" in run.scores[key]
  }
  return list(found)
