"""What source words a run's translations depend on, and how far alpha says the same."""

import functools
import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from scipy.stats import kendalltau

from nmt.decoding.forced import each
from nmt.decoding.trained import Run
from nmt.evaluation.significance import percentiles, resample
from nmt.models.attribution import Attribution, attribute

STEPS = 16  # of the quadrature of integrated gradients
METHODS = {
  "alpha": "alpha",
  "gradient": "gradient x input",
  "integrated": "integrated gradients",
  "occlusion": "occlusion",
}
_ROWS = 16  # sentences at a time
_RESAMPLES, _SEED = 1000, 12345


class Attributed(NamedTuple):
  """Of one pair, EOS last on both sides: see nmt.models.attribution. alpha: None if it says nothing
  of where the model looks.
  """

  log_probs_T: np.ndarray
  baseline_T: np.ndarray
  alpha: np.ndarray | None
  gradient: np.ndarray
  integrated: np.ndarray
  occlusion: np.ndarray

  def methods(self) -> dict[str, np.ndarray]:
    """The matrices TxJ by name, alpha first if there is one."""
    return {name: x for name in METHODS if (x := getattr(self, name)) is not None}

  def gap_T(self) -> np.ndarray:
    """How far the integrated gradients of each target word miss the sum they should have, nats."""
    gap: np.ndarray = np.abs(self.integrated.sum(axis=1) - (self.log_probs_T - self.baseline_T))
    return gap


class Agreement(NamedTuple):
  """How alike two methods rank the source words, over the target words of all pairs.

  tau: the mean of Kendall's tau-b of the methods' sizes, with its 95 % interval over resampled
  sentences. same: the share of target words for which the largest source word is the same.
  words: how many target words that is of; those of which a method has no ranking are left out.
  """

  one: str
  other: str
  tau: float | None
  low: float | None
  high: float | None
  same: float | None
  words: int


def attributions(
  run: Run, pairs: Sequence[tuple[Sequence[int], Sequence[int]]], steps: int = STEPS
) -> Iterator[Attributed | None]:
  """Attributes (source ids, target ids), without BOS or EOS; None of a pair that is too long."""
  model, sizes = run.config.model, (run.source.size, run.target.size)
  compute = jax.jit(functools.partial(attribute, model, sizes, steps=steps))

  def cut(row: Any, J: int, T: int) -> Attributed:
    sides = [np.array(x[:T, :J] if x.ndim == 2 else x[:T], np.float64) for x in row]
    one = Attributed(*sides)
    return one if run.aligns else one._replace(alpha=None)

  def of_batch(*batch: np.ndarray) -> Attribution:
    found: Attribution = compute(run.params, *batch)
    return found

  return each(pairs, of_batch, cut, min(_ROWS, max(1, len(pairs))))


def agreements(found: Sequence[Attributed]) -> list[Agreement]:
  """Each two methods, those with alpha first."""
  names = list(found[0].methods()) if found else []
  return [_agreement(found, *two) for two in itertools.combinations(names, 2)]


def taus(one_TxJ: np.ndarray, other_TxJ: np.ndarray) -> np.ndarray:
  """Kendall's tau-b between the sizes of two methods' rows, T; NaN where a row is constant."""
  pairs = zip(np.abs(one_TxJ), np.abs(other_TxJ), strict=True)
  return np.array([_tau(*pair) for pair in pairs])


def _tau(one_J: np.ndarray, other_J: np.ndarray) -> float:
  if np.ptp(one_J) == 0 or np.ptp(other_J) == 0:
    return float("nan")
  return float(kendalltau(one_J, other_J).statistic)


def _agreement(found: Sequence[Attributed], one: str, other: str) -> Agreement:
  counts = []  # of each sentence: the sum of tau, how often the largest is the same, words
  for pair in found:
    x, y = pair.methods()[one], pair.methods()[other]
    tau_T = taus(x, y)
    known_T = ~np.isnan(tau_T)
    same_T = np.abs(x).argmax(axis=1) == np.abs(y).argmax(axis=1)
    counts.append([tau_T[known_T].sum(), same_T[known_T].sum(), known_T.sum()])
  table = np.array(counts, np.float64)
  total, same, words = table.sum(axis=0)
  if not words:
    return Agreement(one, other, None, None, None, None, 0)
  low = high = None
  if len(table) > 1:

    def mean(sums: np.ndarray) -> np.ndarray:
      value: np.ndarray = sums[..., 0] / np.maximum(sums[..., 2], 1)
      return value

    drawn = resample(mean, [table], _RESAMPLES, np.random.default_rng(_SEED))
    low, high = percentiles(drawn[:, 0]).tolist()
  return Agreement(one, other, total / words, low, high, same / words, int(words))
