"""Scores of short and long sentences, each with the interval that its few sentences leave."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nmt.evaluation.scores import buckets
from nmt.evaluation.significance import Counts, Score, percentiles, resample

RESAMPLES = 1000
_SEED = 12345


class Measure(NamedTuple):
  """A score of any choice of sentences: its counts of each sentence, and what it makes of sums."""

  counts: Counts
  score: Score


def interval(measure: Measure, resamples: int = RESAMPLES) -> dict[str, float | None]:
  """{score, low, high}: the score of all sentences, and the ends of its 95 % interval.

  They are of resampled sentences (Koehn, 2004), of the same model; None where a single sentence
  says nothing of others.
  """
  counts, score = measure
  low = high = None
  if len(counts) > 1:
    drawn = resample(score, [counts], resamples, np.random.default_rng(_SEED))
    low, high = percentiles(drawn[:, 0]).tolist()
  return {"score": float(score(counts.sum(axis=0))), "low": low, "high": high}


def rows(
  measures: Mapping[str, Measure], source_words: Sequence[int], resamples: int = RESAMPLES
) -> list[dict[str, Any]]:
  """A row {from, to, sentences, and by name its `interval`} for 1-10, 11-20, ... source words."""
  found = []
  for (start, end), places in buckets(source_words).items():
    row: dict[str, Any] = {"from": start, "to": end, "sentences": len(places)}
    for name, (counts, score) in measures.items():
      row[name] = interval(Measure(counts[places], score), resamples)
    found.append(row)
  return found
