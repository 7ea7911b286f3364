"""How well vectors predict a label or a number, linearly, and how much of that is the probe's own.

A control task (Hewitt and Liang, 2019) gives every word type a label of its own at random, from the
real labels' distribution. Vectors of words can predict it by knowing the word alone; what the real
task has beyond it, the selectivity, is what the vectors have of the task.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize

_PENALTY = 1.0  # of the squared weights, beside the sum of the losses of all words
_ITERATIONS = 300
_SEED = 12345

Probe = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], float]


class Score(NamedTuple):
  """Of one task and kind of vectors. score: accuracy, or R^2 of a number, on other sentences.

  baseline: the score of always the most frequent label, or of always the mean. control: the score
  of the control task. train, test: words.
  """

  score: float
  control: float
  selectivity: float
  baseline: float
  train: int
  test: int


def probe(
  vectors_NxD: np.ndarray,
  targets_N: np.ndarray,
  types_N: np.ndarray,
  train_N: np.ndarray,
) -> Score:
  """Trains on the words of `train` (booleans) and scores on the others.

  targets: labels (integers: accuracy of multinomial logistic regression) or numbers (floats: R^2
  of ridge regression). types: the number of each word's type, for the control task.
  """
  labels = np.issubdtype(targets_N.dtype, np.integer)
  run: Probe = accuracy if labels else r_squared
  random = np.random.default_rng(_SEED)
  control_N = random.choice(targets_N, types_N.max() + 1)[types_N]

  def score(values_N: np.ndarray) -> float:
    return run(vectors_NxD[train_N], values_N[train_N], vectors_NxD[~train_N], values_N[~train_N])

  real, control = score(targets_N), score(control_N)
  baseline = 0.0
  if labels:
    known, times = np.unique(targets_N[train_N], return_counts=True)
    baseline = float((targets_N[~train_N] == known[times.argmax()]).mean())
  train, test = int(train_N.sum()), int((~train_N).sum())
  return Score(real, control, real - control, baseline, train, test)


def accuracy(x_NxD: np.ndarray, y_N: np.ndarray, test_MxD: np.ndarray, y_M: np.ndarray) -> float:
  """The share of y_M that multinomial logistic regression on (x, y) finds from the test vectors.

  minimises -sum_n log p(y_n | x_n) + |W|^2 / 2, columns standardised on x, the bias free.
  """
  x, test = _standardised(x_NxD, test_MxD)
  known, index_N = np.unique(y_N, return_inverse=True)
  D, C = x.shape[1], len(known)
  if C < 2:
    return float((y_M == known[0]).mean())
  one_NxC = np.eye(C)[index_N]

  def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
    W, b = flat[: D * C].reshape(D, C), flat[D * C :]
    logits = x @ W + b
    logits -= logits.max(axis=1, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    slope = np.exp(log_p) - one_NxC
    value = -(one_NxC * log_p).sum() + _PENALTY / 2 * (W * W).sum()
    return value, np.concatenate([(x.T @ slope + _PENALTY * W).ravel(), slope.sum(axis=0)])

  found = minimize(
    loss, np.zeros((D + 1) * C), jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS}
  ).x
  logits_MxC = test @ found[: D * C].reshape(D, C) + found[D * C :]
  return float((known[logits_MxC.argmax(axis=1)] == y_M).mean())


def r_squared(x_NxD: np.ndarray, y_N: np.ndarray, test_MxD: np.ndarray, y_M: np.ndarray) -> float:
  """1 - the squared error of ridge regression on the test vectors / that of the test's mean."""
  x, test = _standardised(x_NxD, test_MxD)
  mean = y_N.mean()
  w_D = np.linalg.solve(x.T @ x + _PENALTY * np.eye(x.shape[1]), x.T @ (y_N - mean))
  spread = ((y_M - y_M.mean()) ** 2).sum()
  error = ((y_M - mean - test @ w_D) ** 2).sum()
  return float(1 - error / spread) if spread else float("nan")


def split(lengths: Sequence[int], share: float = 0.25) -> np.ndarray:
  """Whether each word of sentences of these lengths is trained on: a sentence is on one side whole.

  A share of the sentences, drawn at random but always the same ones, is for the test.
  """
  random = np.random.default_rng(_SEED)
  order = random.permutation(len(lengths))
  chosen = np.ones(len(lengths), bool)
  chosen[order[: max(1, round(share * len(lengths)))]] = False
  return np.repeat(chosen, lengths)


def _standardised(x: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  mean, deviation = x.mean(axis=0), x.std(axis=0)
  scale: Any = np.where(deviation > 0, deviation, 1)
  return (x - mean) / scale, (test - mean) / scale
