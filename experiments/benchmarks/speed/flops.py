"""Floating-point operations of the matrix products, by the shapes; a multiply-add counts as two.

J and T may be arrays of sentence lengths. Only products count: tanh, softmax and the optimizer are
left out, so a share of the peak has room below 1. The gradient costs twice the forward pass.
"""

import numpy as np

from experiments.benchmarks.speed.sizes import Size

Lengths = float | np.ndarray


def training(size: Size, J: Lengths, T: Lengths) -> float:
  """An update on sentences of J source and T target tokens, as the equations have it.

  The project multiplies annotations by C and C_o, not contexts: as often, where J is T.
  """
  m, n, l = size.embedding, size.n, size.maxout
  source = _encoder(size)
  target = (
    (m + n + 2 * n) * 3 * n  # the decoder's cell: words, state and context
    + n * n  # W_a s
    + (n + m + 2 * n) * 2 * l  # U_o s, V_o E y, C_o c
    + l * size.vocabulary  # W_o t
  )
  return _updates(size, J, T, source, target)


def joeynmt(size: Size, J: Lengths, T: Lengths) -> float:
  """The same by Joey NMT's recurrent model: input feeding, and no maxout before the vocabulary."""
  m, n = size.embedding, size.n
  target = (
    (m + n + n) * 3 * n  # the decoder's cell: word, attention vector and state
    + n * n  # the query
    + (n + 2 * n) * n  # the attention vector
    + n * size.vocabulary
  )
  return _updates(size, J, T, _encoder(size), target)


def _encoder(size: Size) -> int:
  """Multiply-adds of a source token: both directions and U_a h."""
  return 2 * (size.embedding + size.n) * 3 * size.n + 2 * size.n * size.n


def _updates(size: Size, J: Lengths, T: Lengths, source: int, target: int) -> float:
  J, T = np.asarray(J, np.float64), np.asarray(T, np.float64)
  between = size.n + 2 * size.n  # v_a . tanh(..) and alpha_ij h_j
  return float(np.sum(3 * 2 * (source * J + target * T + between * J * T)))


COUNTS = {"nmt": training, "pure": training, "torch": training, "joeynmt": joeynmt}
