"""BLEU by how long the source is, of each row of the table, with its interval."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nmt.analysis.comparison import Task
from nmt.analysis.results.study import Run
from nmt.analysis.results.table import RESAMPLES, SEED, Row
from nmt.errors import UserError
from nmt.evaluation import results, significance
from nmt.evaluation.scores import buckets
from nmt.evaluation.sufficient import Bleu


class Score(NamedTuple):
  """Mean BLEU of a row's runs on the sentences of one length; None of it: no interval."""

  sentences: int
  bleu: float
  low: float | None
  high: float | None


class Lengths(NamedTuple):
  """Of rows that translate the same sentences: by row, by the ends of a bucket, the score.

  splits: the test splits, taken together. unit: what lengths count.
  """

  splits: list[str]
  unit: str
  rows: list[tuple[Row, dict[tuple[int, int], Score]]]


def gather(runs: Sequence[Run], of_row: Mapping[str, Row]) -> list[Lengths]:
  """One for each test set that rows have in common, over all splits that were tested."""
  sets: dict[tuple[str, ...], Lengths] = {}
  done: set[int] = set()
  for run in runs:
    row = of_row.get(run.name)
    if row is None or id(row) in done:
      continue
    done.add(id(row))
    several = list(row.runs.values())
    splits, texts = _texts(several)
    if any(one["references"] != texts[0]["references"] for one in texts):
      continue  # no mean of scores on different sentences
    task = Task(texts[0]["source"], texts[0]["references"], run.tokenizer)
    scores = _scores(task, [one["hypotheses"] for one in texts])
    key = (*splits, "", *task.sources, "", *task.references)
    sets.setdefault(key, Lengths(splits, task.unit, [])).rows.append((row, scores))
  return list(sets.values())


def _texts(runs: Sequence[Run]) -> tuple[list[str], list[dict[str, list[str]]]]:
  """The splits that all runs were tested on, and each run's texts of these, one after the other."""
  splits = []
  every: list[dict[str, list[str]]] = [{name: [] for name in results.TEXTS} for _ in runs]
  for split in runs[0].config["data.test"]:
    try:
      found = [results.texts(run.home / "test", split) for run in runs]
    except UserError:
      continue
    if any(len(set(map(len, texts.values()))) > 1 for texts in found):
      continue
    splits.append(split)
    for texts, more in zip(every, found, strict=True):
      for name, lines in more.items():
        texts[name] += lines
  if not splits:  # the table's split is none of the config's
    return [str(runs[0].scores.get("split", ""))], [run.texts for run in runs]
  return splits, every


def _scores(task: Task, systems: Sequence[list[str]]) -> dict[tuple[int, int], Score]:
  """The interval is of sentences and, with several runs, of seeds: the table's own."""
  metric = Bleu(task.references, task.tokenizer)
  counts = [metric.counts(lines) for lines in systems]
  found = {}
  for ends, places in buckets(task.lengths()).items():
    here = [one[places] for one in counts]
    random = np.random.default_rng(SEED)
    bleu, *ends_of = significance.over_runs(metric.score, here, RESAMPLES, random)
    low = high = None
    if len(places) > 1:
      low, high = (float(np.clip(end, 0, 100)) for end in ends_of)
    found[ends] = Score(len(places), float(bleu.mean()), low, high)
  return found
