"""What makes weights of energies."""

import numpy as np

# Normalisers: (e, choice, the sum of the weights so far) -> weights.


def softmax(e, choice=None, spent=0):
  e = e / (choice["normaliser.temperature"] if choice else 1)
  return np.exp(e - e.max()) / np.exp(e - e.max()).sum()


def threshold(weights, low, high):
  """weights(tau) for the tau at which they sum to 1, by bisection; they fall with tau."""
  for _ in range(200):
    middle = (low + high) / 2
    low, high = (middle, high) if weights(middle).sum() > 1 else (low, middle)
  return weights((low + high) / 2)


def sparsemax(e, choice, spent):
  """Martins and Astudillo (2016), section 2.2."""
  return threshold(lambda tau: np.maximum(e - tau, 0), e.max() - 1, e.max())


def entmax15(e, choice, spent):
  """Peters et al. (2019), with alpha 1.5."""
  half = e / 2
  return threshold(lambda tau: np.maximum(half - tau, 0) ** 2, half.max() - 1, half.max())


def csparsemax(e, choice, spent):
  """Malaviya et al. (2018); the last word is the sink."""
  u = np.append(np.maximum(choice["normaliser.fertility"] - spent[:-1], 0), np.inf)
  return threshold(lambda tau: np.clip(e - tau, 0, u), e.min() - 1, e.max())


NORMALISERS = {
  "softmax": softmax,
  "sparsemax": sparsemax,
  "entmax15": entmax15,
  "csparsemax": csparsemax,
}


def normalise(e, choice, spent):
  e = np.array(e)
  return NORMALISERS[choice["normaliser.kind"]](e, choice, np.zeros(len(e)) + spent)
