"""Scores by length are those of the sentences, and intervals hold them."""

import numpy as np
import pytest

from nmt.evaluation import alignment
from nmt.evaluation.bleu import bleu
from nmt.evaluation.by_length import Measure, rows
from nmt.evaluation.sufficient import Bleu


def test_a_row_has_the_score_of_its_sentences():
  random = np.random.default_rng(0)
  words = ["the", "a", "cat", "dog", "runs", "sleeps", "here", "there", "."]
  references = [" ".join(random.choice(words, n)) for n in (4, 6, 9, 10, 11, 15, 20, 33)]
  ours = [
    " ".join(np.where(random.random(n) < 0.2, "x", line.split()))
    for line in references
    for n in [len(line.split())]
  ]
  metric = Bleu(references)
  lengths = [len(line.split()) for line in references]
  found = rows({"bleu": Measure(metric.counts(ours), metric.score)}, lengths, resamples=200)
  assert [(row["from"], row["to"], row["sentences"]) for row in found] == [
    (1, 10, 4),
    (11, 20, 3),
    (31, 40, 1),
  ]
  for row, part in zip(found, (slice(0, 4), slice(4, 7), slice(7, 8)), strict=True):
    assert row["bleu"]["score"] == pytest.approx(bleu(ours[part], references[part])[0])
  for row in found[:2]:
    assert row["bleu"]["low"] <= row["bleu"]["score"] <= row["bleu"]["high"]
    assert row["bleu"]["low"] < row["bleu"]["high"]
  assert found[2]["bleu"]["low"] is None


def test_alike_sentences_leave_no_doubt():
  counts = np.tile([3, 4], (6, 1))
  (row,) = rows({"ratio": Measure(counts, lambda s: s[..., 0] / s[..., 1])}, [5] * 6, resamples=50)
  assert row["ratio"] == {"score": 0.75, "low": 0.75, "high": 0.75}


def test_the_error_rate_of_counts_is_that_of_the_links():
  gold = [alignment.parse("0-0 1p1 2-1"), alignment.parse(""), alignment.parse("0-1")]
  found = [[(0, 0), (1, 1), (3, 3)], [], [(0, 0)]]
  sums = alignment.counts(found, gold).sum(axis=0)
  assert sums.tolist() == [4, 3, 1, 2]
  assert alignment.error_rate(sums) == pytest.approx(100 * (1 - 3 / 7))
  assert alignment.score(found, gold).aer == pytest.approx(100 * (1 - 3 / 7))
  assert alignment.error_rate(np.zeros((2, 4))).tolist() == [0, 0]
