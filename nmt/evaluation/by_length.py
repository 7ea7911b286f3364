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


def rows(
  measures: Mapping[str, Measure], source_words: Sequence[int], resamples: int = RESAMPLES
) -> list[dict[str, Any]]:
  """A row {from, to, sentences, and by name {score, low, high}} for 1-10, 11-20, ... source words.

  low and high are the ends of the 95 % interval of resampled sentences (Koehn, 2004), of the same
  model; None where a single sentence says nothing of others.
  """
  found = []
  for (start, end), places in buckets(source_words).items():
    row: dict[str, Any] = {"from": start, "to": end, "sentences": len(places)}
    for name, (counts, score) in measures.items():
      row[name] = _interval(counts[places], score, resamples)
    found.append(row)
  return found


def _interval(counts: Counts, score: Score, resamples: int) -> dict[str, float | None]:
  low = high = None
  if len(counts) > 1:
    drawn = resample(score, [counts], resamples, np.random.default_rng(_SEED))
    low, high = percentiles(drawn[:, 0]).tolist()
  return {"score": float(score(counts.sum(axis=0))), "low": low, "high": high}
