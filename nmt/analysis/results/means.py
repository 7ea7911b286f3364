"""A row's own numbers: means over its runs, their spread, and what its runs took."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nmt.analysis.results.study import Run
from nmt.analysis.results.table import COSTS, SCORES, SEED, Options, Row
from nmt.evaluation import significance
from nmt.evaluation.sufficient import Bleu, Chrf, Metric


class Sentences(NamedTuple):
  """What is known of a test set: counts and scores on resampled test sets, by a run's name."""

  metric: Metric
  counts: dict[str, np.ndarray]
  resampled: dict[str, np.ndarray]


Tests = Mapping[str, Sentences]  # by `Run.test`; empty for a metric that is no sum over sentences


def sentences(runs: Sequence[Run], options: Options) -> Tests:
  """Counts and resamples the sentences of each test set."""
  found: dict[str, Sentences] = {}
  if options.metric not in ("bleu", "chrf"):
    return found
  for test in dict.fromkeys(run.test for run in runs):
    members = [run for run in runs if run.test == test]
    references = members[0].texts["references"]
    metric: Metric = (
      Bleu(references, members[0].tokenizer) if options.metric == "bleu" else Chrf(references)
    )
    counts = {run.name: metric.counts(run.texts["hypotheses"]) for run in members}
    random = np.random.default_rng(SEED)
    drawn = significance.resample(metric.score, [*counts.values()], options.resamples, random)
    scores = {name: drawn[:, place] for place, name in enumerate(counts)}
    found[test] = Sentences(metric, counts, scores)
  return found


def describe(row: Row, name: str, tests: Tests, notes: list[str]) -> None:
  """The row's own numbers."""
  runs = list(row.runs.values())
  values = row.values
  values["n"] = len(runs)
  for score, (get, _) in SCORES.items():
    mean(values, score, [get(run.scores) for run in runs])
  for cost in COSTS:
    mean(values, cost, [run.costs.get(cost) for run in runs])
    values.pop(f"{cost}_sd")
  devices = {run.costs["device"] for run in runs if run.costs.get("device")}
  values["device"] = " / ".join(sorted(devices)) or None
  found = [SCORES[name][0](run.scores) for run in runs]
  if None in found:
    return
  row.points = [float(score) for score in found if score is not None]
  if test := same_test(runs, tests):
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
  spread = significance.spread(np.array(row.points), resampled(runs, tests))
  if spread is not None:
    values[f"{name}_low"], values[f"{name}_high"] = spread.interval(values[name])


def mean(values: dict[str, Any], name: str, found: Sequence[float | None]) -> None:
  """The mean and, of two or more, the standard deviation; None unless every run has the number."""
  numbers = [float(number) for number in found if number is not None]
  whole = len(numbers) == len(found)
  values[name] = float(np.mean(numbers)) if whole else None
  values[f"{name}_sd"] = float(np.std(numbers, ddof=1)) if whole and len(numbers) > 1 else None


def same_test(runs: Sequence[Run], tests: Tests) -> str | None:
  """The test set that all runs share, where its sentences are known."""
  found = {run.test for run in runs} if tests else set()
  return found.pop() if len(found) == 1 else None


def resampled(runs: Sequence[Run], tests: Tests) -> np.ndarray | None:
  """Scores of runs on the same resampled test sets (R x M), where they share a test set."""
  test = same_test(runs, tests)
  return (
    None if test is None else np.stack([tests[test].resampled[run.name] for run in runs], axis=1)
  )
