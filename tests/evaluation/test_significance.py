"""Statistics against cases worked out by hand, all cases enumerated, and simulated truths."""

import itertools

import numpy as np
import pytest
from sacrebleu.metrics import BLEU
from sacrebleu.significance import PairedTest

from nmt.evaluation import significance
from nmt.evaluation.sufficient import Bleu


def mean(sums):
  """A score that is linear: the mean of (value, 1) counts."""
  return sums[..., 0] / sums[..., 1]


def counts(values):
  values = np.asarray(values)
  return np.stack([values, np.ones_like(values)], axis=1)


def test_holm_by_hand():
  # Sorted 0.01, 0.02, 0.03, 0.04: times 4, 3, 2, 1 = 0.04, 0.06, 0.06, 0.04, never falling.
  assert significance.holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
  assert significance.holm([0.9, 0.5]) == [1.0, 1.0]
  assert significance.holm([0.02]) == [0.02]
  assert significance.holm([]) == []


def test_holm_keeps_its_level():
  random = np.random.default_rng(0)
  tables = random.random((4000, 6))
  tables[:, 4:] *= 1e-4  # two true differences don't make the false ones more
  false = np.mean([min(significance.holm(row)[:4]) < 0.05 for row in tables.tolist()])
  assert 0.03 < false <= 0.055  # 4 true nulls at 0.05 / 4
  assert np.mean([min(row[:4]) < 0.05 for row in tables.tolist()]) > 0.15  # as it is without


def test_probability_of_improvement_by_hand():
  better = significance.probability_of_improvement
  # 3 > 1, 3 > 2, 3 = 3; 1 = 1, 1 < 2, 1 < 3: 2 wins and 2 ties of 6.
  assert better(np.array([3.0, 1.0]), np.array([1.0, 2.0, 3.0])) == pytest.approx(0.5)
  assert better(np.array([2.0]), np.array([1.0])) == 1.0
  assert better(np.array([1.0, 1.0]), np.array([2.0, 3.0])) == 0.0


@pytest.mark.parametrize("runs", [1, 2])
def test_randomisation_is_the_share_of_all_exchanges(runs):
  random = np.random.default_rng(1)
  ours = [counts(random.integers(0, 20, 7) + 3) for _ in range(runs)]
  theirs = [counts(random.integers(0, 20, 7)) for _ in range(runs)]

  def difference(swapped):
    pairs = zip(ours, theirs, strict=True)
    signs = np.where(swapped, -1, 1)
    return np.mean([(signs * (a - b)[:, 0]).mean() for a, b in pairs])

  observed = abs(difference(np.zeros(7, bool)))
  every = [abs(difference(np.array(s, bool))) for s in itertools.product((0, 1), repeat=7)]
  exact = np.mean(np.array(every) >= observed - 1e-9)
  assert 0.02 < exact < 0.98
  found = significance.randomisation(mean, ours, theirs, 20_000, np.random.default_rng(2))
  assert found == pytest.approx(exact, abs=0.012)


def test_randomisation_of_equals_and_of_opposites():
  same = [counts(np.arange(30))]
  assert significance.randomisation(mean, same, same, 99, np.random.default_rng(0)) == 1.0
  above = [counts(np.arange(30) + 5)]
  assert significance.randomisation(mean, above, same, 99, np.random.default_rng(0)) == 0.01


def test_one_pair_of_models_is_tested_as_sacrebleu_does():
  random = np.random.default_rng(3)
  words = np.array(["a", "b", "c", "d", "e", "f"])
  rows = [random.choice(words, 10) for _ in range(120)]

  def like(share):
    return [
      " ".join(np.where(random.random(10) < share, random.choice(words, 10), r)) for r in rows
    ]

  references, first, second = like(0), like(0.38), like(0.35)
  theirs = PairedTest(
    [("first", first), ("second", second)], {"BLEU": BLEU(force=True)}, [references], "ar", 2000
  )()[1]["BLEU"][1]
  metric = Bleu(references)
  ours = significance.randomisation(
    metric.score,
    [metric.counts(second)],
    [metric.counts(first)],
    2000,
    np.random.default_rng(4),
  )
  assert 0.005 < theirs.p_value < 0.6
  assert ours == pytest.approx(theirs.p_value, abs=0.04)


def test_resampling_is_paired_and_has_the_spread_of_a_mean():
  random = np.random.default_rng(5)
  values = random.integers(0, 100, 400)
  drawn = significance.resample(
    mean, [counts(values), counts(values + 7)], 2000, np.random.default_rng(6)
  )
  assert drawn.shape == (2000, 2)
  np.testing.assert_allclose(drawn[:, 1] - drawn[:, 0], 7, atol=1e-4)
  assert drawn[:, 0].std() == pytest.approx(values.std() / 20, rel=0.06)


def test_many_chunks_are_one_sample(monkeypatch):
  monkeypatch.setattr(significance, "_CHUNK", 100)
  values = counts(np.arange(30))
  drawn = significance.resample(mean, [values], 301, np.random.default_rng(0))
  assert drawn.shape == (301, 1)
  p = significance.randomisation(
    mean, [values], [values + np.array([9, 0])], 301, np.random.default_rng(0)
  )
  assert p == pytest.approx(1 / 302)


# Spreads of seeds, of sentences, and of both together (one model's luck with one sentence).
@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("spreads", [(0.1, 1, 1), (0, 0, 1), (1, 0, 1), (0, 1, 0.1)])
def test_an_interval_of_95_percent_covers_the_truth_as_often(seeds, spreads):
  random = np.random.default_rng(7)
  times, sentences, resamples = 250, 60, 100
  hits = 0
  for _ in range(times):
    model, sentence, both = (
      spread * random.normal(size=size)
      for spread, size in zip(spreads, ((seeds, 1), sentences, (seeds, sentences)), strict=True)
    )
    values = model + sentence + both
    weights = random.multinomial(sentences, np.full(sentences, 1 / sentences), resamples)
    found = significance.spread(values.mean(axis=1), weights @ values.T / sentences)
    low, high = found.interval(float(values.mean()))
    assert (low < 0 < high) == (found.p(float(values.mean())) > 0.05)
    hits += low < 0 < high
  assert 0.90 <= hits / times <= 1.0  # three standard errors of 250 trials below 0.95
  if spreads[1] == 1:  # not by being too wide
    assert hits / times < 0.99


def test_without_sentences_the_seeds_give_students_interval():
  found = significance.spread(np.array([1.0, 2.0, 3.0]), None)
  low, high = found.interval(2.0)
  assert high - 2 == pytest.approx(4.302653 / np.sqrt(3), rel=1e-5)
  assert low == pytest.approx(4 - high)
  assert significance.spread(np.array([1.0]), None) is None


def test_one_run_has_the_sentences_interval():
  drawn = np.random.default_rng(0).normal(20, 2, (5000, 1))
  low, high = significance.spread(np.array([20.0]), drawn).interval(20.0)
  assert high - low == pytest.approx(2 * 1.96 * 2, rel=0.05)


def test_equal_runs_have_the_interval_of_one_and_others_a_wider_one():
  random = np.random.default_rng(3)
  one, other = random.integers(0, 2, (2, 400, 1)).astype(float)

  def score(sums):
    return sums[..., 0] / 4

  alone, twice, unlike = (
    significance.over_runs(score, runs, 1000, np.random.default_rng(1))
    for runs in ([one], [one, one], [one, 0.5 * other])
  )
  np.testing.assert_array_equal(twice[0], [alone[0][0]] * 2)
  np.testing.assert_allclose(twice[1:], alone[1:], rtol=1e-9)
  assert alone[1] < alone[0][0] < alone[2]
  assert unlike[2] - unlike[1] > alone[2] - alone[1]
  np.testing.assert_allclose(sum(unlike[1:]) / 2, unlike[0].mean())


def test_seeds_of_several_groups_together_by_hand():
  # Squares about the means: 2 of (1, 2, 3), 2 of (4, 6), none of (9): 4 with 2 + 1 + 0 freedoms.
  groups = [np.array([1.0, 2.0, 3.0]), np.array([4.0, 6.0]), np.array([9.0])]
  assert significance.pooled(groups) == (pytest.approx(4 / 3), 3)
  assert significance.pooled(groups[2:]) is None
  found = significance.spread(groups[1], None, significance.pooled(groups))
  assert found == (pytest.approx((4 / 3 / 2) ** 0.5), pytest.approx(3))


def test_unpaired_seeds_are_welchs():
  first, second = np.array([1.0, 2.0, 3.0]), np.array([4.0, 4.5, 5.0, 5.5])
  found = significance.unpaired([first, second], None)
  parts = [np.var(x, ddof=1) / len(x) for x in (first, second)]
  assert found.error == pytest.approx(sum(parts) ** 0.5)
  assert found.freedom == pytest.approx(sum(parts) ** 2 / (parts[0] ** 2 / 2 + parts[1] ** 2 / 3))
  assert significance.unpaired([first, second[:1]], None) is None
