"""Reliability against the definition, and which tokens are right against all ways of editing."""

import itertools

import numpy as np
import pytest

from nmt.evaluation.calibration import matched, reliability


def test_reliability_by_hand():
  confidence = np.array([0.0, 0.2, 0.25, 0.3, 1.0])
  right = np.array([False, True, False, True, True])
  found = reliability(confidence, right, bins=4)
  assert [one.words for one in found.bins] == [3, 1, 0, 1]
  assert found.bins[0].confidence == pytest.approx(0.15)
  assert found.bins[0].accuracy == pytest.approx(1 / 3)
  assert found.bins[2].accuracy is None
  assert found.ece == pytest.approx((3 * abs(1 / 3 - 0.15) + abs(1 - 0.3) + 0) / 5)
  assert found.overconfidence == pytest.approx(1.75 / 5 - 3 / 5)


def test_what_is_drawn_by_its_probability_is_calibrated():
  random = np.random.default_rng(0)
  confidence = random.random(200_000)
  assert reliability(confidence, random.random(200_000) < confidence).ece < 0.01
  sure = np.ones(1000)
  assert reliability(sure, sure > 1).ece == 1
  assert reliability(sure, sure > 0).ece == 0


def test_ece_is_at_least_the_overconfidence():
  random = np.random.default_rng(1)
  for _ in range(20):
    found = reliability(random.random(50).astype(np.float32), random.random(50) < 0.5)
    assert abs(found.overconfidence) <= found.ece + 1e-9 <= 1 + 1e-9
    assert sum(one.words for one in found.bins) == 50


def test_no_probabilities_are_refused():
  for wrong in ([], [1.5], [-0.1], [np.nan]):
    with pytest.raises(ValueError, match="one probability or more"):
      reliability(np.array(wrong, float), np.ones(len(wrong), bool))


def longest(a, b):
  """The longest common subsequence, by trying all."""
  for size in range(min(len(a), len(b)), -1, -1):
    if {*itertools.combinations(a, size)} & {*itertools.combinations(b, size)}:
      return size


def test_matched_by_hand():
  assert matched([1, 2, 3, 4], [1, 9, 3, 4]) == [True, False, True, True]
  assert matched([1, 2, 3], [2, 3]) == [False, True, True]
  assert matched([5, 5], [5]) == [False, True]
  assert matched([1, 2], [2, 1]) in ([True, False], [False, True], [False, False])
  assert matched([], [1]) == []
  assert matched([1], []) == [False]


def test_matched_tokens_are_a_common_subsequence_and_all_of_a_copy():
  random = np.random.default_rng(2)
  for _ in range(40):
    a, b = (random.integers(0, 4, random.integers(0, 7)).tolist() for _ in "12")
    kept = tuple(x for x, same in zip(a, matched(a, b), strict=True) if same)
    assert kept in {*itertools.combinations(b, len(kept))}
    assert len(kept) <= longest(a, b)
    assert all(matched(a, a))
