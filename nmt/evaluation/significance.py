"""Could chance have made this? Resampled sentences and seeds, tests, and many tests at once.

A score has two sources of chance: which sentences the test set holds, and which seed a model was
trained with. Here `counts` are a run's counts a sentence (nmt/evaluation/sufficient.py), `scores`
one number a run, and `resampled` the scores of M runs on R resampled test sets (R x M).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float64, Num
from scipy.special import stdtr, stdtrit

Counts = Num[np.ndarray, "sentences _"]  # of a run
Scores = Num[np.ndarray, "_"]  # of some runs, a number each
Score = Callable[[Num[np.ndarray, "*corpora _"]], Float[np.ndarray, "*corpora"]]

_LEVEL = 0.975  # of the upper end of an interval
_CHUNK = 4_000_000  # numbers of a matrix of resampled sentences that are in memory at once
_TIE = 1e-9  # scores that differ by less are the same


class Spread(NamedTuple):
  """The standard error of a mean score, and its degrees of freedom (inf: as many as one likes)."""

  error: float
  freedom: float

  def interval(self, value: float) -> tuple[float, float]:
    """The ends of the 95 % interval around `value`."""
    half = self.error * self._quantile(_LEVEL)
    return value - half, value + half

  def p(self, difference: float) -> float:
    """How often chance alone makes a difference of at least this size, either way."""
    if abs(difference) < _TIE:
      return 1.0
    if not self.error:
      return 0.0
    freedom = min(self.freedom, 1e9)
    return float(2 * stdtr(freedom, -abs(difference) / self.error))

  def _quantile(self, level: float) -> float:
    return float(stdtrit(min(self.freedom, 1e9), level))


def resample(
  score: Score, counts: Sequence[Counts], resamples: int, random: np.random.Generator
) -> Float[np.ndarray, "R M"]:
  """Scores of each run on test sets drawn from the sentences with replacement (R x M).

  All runs get the same sentences in each draw, so that differences are paired (Koehn, 2004).
  """
  sentences = len(counts[0])
  together = np.concatenate(counts, axis=1)
  rows = []
  for size in _chunks(resamples, sentences):
    drawn = random.multinomial(sentences, np.full(sentences, 1 / sentences), size)
    sums = _product(drawn, together)
    rows.append(score(sums.reshape(size, len(counts), -1)))
  return np.concatenate(rows)


def percentiles(resampled: Float[np.ndarray, "R *_"]) -> Float[np.ndarray, "2 *_"]:
  """The ends of the 95 % interval of resampled scores (Efron's percentiles); NaN is left out."""
  ends: Float[np.ndarray, "2 *_"] = np.nanquantile(resampled, [0.025, _LEVEL], axis=0)
  return ends


class Seeds(NamedTuple):
  """The variance of a score over seeds, and the degrees of freedom with which it is known."""

  variance: float
  freedom: int


def pooled(groups: Sequence[Scores]) -> Seeds | None:
  """The variance over seeds of several groups of runs together; None where no group has two runs.

  Of many groups of three seeds, some have three seeds that agree by chance. Each group's variance
  alone would make such a group significant; all groups' together does not.
  """
  freedom = sum(len(group) - 1 for group in groups)
  if not freedom:
    return None
  squares = sum(float(((group - group.mean()) ** 2).sum()) for group in groups)
  return Seeds(squares / freedom, freedom)


def spread(
  scores: Num[np.ndarray, "M"],
  resampled: Float[np.ndarray, "R M"] | None,
  seeds_known: Seeds | None = None,
) -> Spread | None:
  """The standard error of a mean over runs, from seeds and sentences; None if there is no telling.

  The two-level bootstrap, seeds and then sentences, with each part of its variance counted once.
  With scores x_s of n seeds, and x*_s those on a resampled test set,

    sentences   V = var(mean_s x*_s)
    seeds       U = var(x_s) / n
    both        W = sum_s var(x*_s - mean x*) / (n (n - 1))

  the variance is V + max(0, U - W): chance among sentences makes models differ too, which is in V
  already (a bootstrap that draws seeds, then sentences, counts it three times: Owen, 2007). Three
  seeds tell little about the spread of seeds, so intervals are Student's, with Satterthwaite's
  degrees of freedom (n - 1) (variance / U)^2. Without `resampled`, a metric that is no sum over
  sentences, the seeds alone count; with one run the sentences alone. `seeds_known` takes the place
  of var(x_s) and n - 1.
  """
  count = len(scores)
  sentences = seeds = shared = 0.0
  known = seeds_known or pooled([scores])
  if resampled is not None:
    sentences = float(resampled.mean(axis=1).var(ddof=1))
  if count > 1 and known is not None:
    seeds = known.variance / count
    if resampled is not None:
      apart = resampled - resampled.mean(axis=1, keepdims=True)
      shared = float(apart.var(axis=0, ddof=1).sum()) / (count * (count - 1))
  elif resampled is None:
    return None
  variance = sentences + max(0.0, seeds - shared)
  freedom = np.inf
  if known is not None and seeds:
    freedom = known.freedom * max(1.0, variance / seeds) ** 2
  return Spread(variance**0.5, freedom)


def over_runs(
  score: Score, counts: Sequence[Counts], resamples: int, random: np.random.Generator
) -> tuple[Scores, float, float]:
  """Each run's score, and the ends of the 95 % interval of their mean, over seeds and sentences."""
  scores = np.array([score(one.sum(axis=0)) for one in counts])
  found = spread(scores, resample(score, counts, resamples, random))
  assert found is not None  # resampled sentences always tell something
  return scores, *found.interval(float(scores.mean()))


def unpaired(
  scores: Sequence[Scores], resampled: Sequence[Float[np.ndarray, "R _"]] | None
) -> Spread | None:
  """`spread` of the difference between two groups of runs whose seeds have nothing in common.

  The sentences are the same, the chance of seeds is that of both groups (Welch).
  """
  sentences = 0.0
  if resampled is not None:
    difference = resampled[0].mean(axis=1) - resampled[1].mean(axis=1)
    sentences = float(difference.var(ddof=1))
  elif min(map(len, scores)) < 2:
    return None
  variance, below = sentences, 0.0
  for group, values in enumerate(scores):
    if len(values) > 1:
      own = spread(values, None if resampled is None else resampled[group])
      alone = 0.0 if resampled is None else float(resampled[group].mean(axis=1).var(ddof=1))
      assert own is not None
      variance += max(0.0, own.error**2 - alone)
      below += (float(np.var(values, ddof=1)) / len(values)) ** 2 / (len(values) - 1)
  least = min(len(values) for values in scores if len(values) > 1) - 1 if below else 0
  return Spread(variance**0.5, max(least, variance**2 / below) if below else np.inf)


def randomisation(
  score: Score,
  ours: Sequence[Counts],
  theirs: Sequence[Counts],
  trials: int,
  random: np.random.Generator,
) -> float:
  """p of the mean difference between two models, by approximate randomisation (Riezler and
  Maxwell, 2005): the share of trials, this one included, with at least as large a difference.

  In a trial a coin for each sentence says whether the two models exchange their translations of it;
  `ours` and `theirs` are runs of the same seeds in the same order, and all runs follow one coin.
  """
  count = len(ours)
  first, second = np.concatenate(ours, axis=1), np.concatenate(theirs, axis=1)
  total = first.sum(axis=0) + second.sum(axis=0)

  def difference(sums: Num[np.ndarray, "*corpora _"]) -> Float[np.ndarray, "*corpora"]:
    sides = (side.reshape(*sums.shape[:-1], count, -1) for side in (sums, total - sums))
    mine, other = map(score, sides)
    return np.asarray(abs((mine - other).mean(axis=-1)))

  observed = difference(first.sum(axis=0))
  as_large = 0
  for size in _chunks(trials, len(first)):
    swaps = random.integers(2, size=(size, len(first)), dtype=np.int8)
    sums = first.sum(axis=0) + _product(swaps, second - first)
    as_large += int((difference(sums) >= observed - _TIE).sum())
  return (as_large + 1) / (trials + 1)


def holm(p: Sequence[float]) -> list[float]:
  """Holm's (1979) p values: below 0.05, at most one table in twenty has a false one."""
  adjusted = [1.0] * len(p)
  worst = 0.0
  for rank, index in enumerate(sorted(range(len(p)), key=lambda index: p[index])):
    worst = max(worst, min(1.0, (len(p) - rank) * p[index]))
    adjusted[index] = worst
  return adjusted


def probability_of_improvement(ours: Scores, theirs: Scores) -> float:
  """How often a run of ours scores above one of theirs, over all pairs; equal ones count half.

  P(X > Y) of Agarwal et al. (2021, arXiv:2108.13264) for one task: U / (n m) of Mann and Whitney.
  """
  apart = np.subtract.outer(np.asarray(ours), np.asarray(theirs))
  return float(np.where(np.abs(apart) < _TIE, 0.5, apart > 0).mean())


def _chunks(total: int, width: int) -> Iterator[int]:
  """Parts of `total` rows of so many numbers that fit into memory."""
  size = max(1, _CHUNK // width)
  for start in range(0, total, size):
    yield min(size, total - start)


def _product(
  chosen: Num[np.ndarray, "R sentences"], counts: Num[np.ndarray, "sentences C"]
) -> Float64[np.ndarray, "R C"]:
  """chosen @ counts, exact: in float32, which is twice as fast, where that holds the sums."""
  small = 2 * np.abs(counts).sum(axis=0).max() < 1 << 24
  kind = np.float32 if small else np.float64
  product: Float[np.ndarray, "R C"] = chosen.astype(kind) @ counts.astype(kind)
  return product.astype(np.float64)
