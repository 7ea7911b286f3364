"""How alike two models represent the same words: centred kernel alignment, debiased.

  CKA(X, Y) = HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)),   K = X X^T,   L = Y Y^T

(Kornblith et al., 2019). HSIC is the unbiased estimate of Song et al. (2012), as Nguyen et al.
(2021) use it here: with the diagonals of K and L set to 0,

  HSIC(K, L) = [tr K L + (1^T K 1)(1^T L 1) / ((n-1)(n-2)) - 2 / (n-2) 1^T K L 1] / (n (n-3))

The usual estimate grows with the number of columns: unrelated random matrices of as many columns
as rows seem alike.
"""

import numpy as np

LEAST = 4  # rows: with fewer the estimate does not exist


def cka(X_NxD: np.ndarray, Y_NxE: np.ndarray) -> float:
  """1 for what differs by rotation and scale alone, about 0 (also below) for what is unrelated.

  Rows are the same words in both. NaN where there are fewer than four rows or one side is constant.
  The products n x n are never made.
  """
  n = len(X_NxD)
  if n != len(Y_NxE):
    raise ValueError(f"{n} rows and {len(Y_NxE)}")
  if n < LEAST:
    return float("nan")
  X, Y = (side - side.mean(axis=0) for side in (X_NxD.astype(np.float64), Y_NxE.astype(np.float64)))
  both = _hsic(X, X) * _hsic(Y, Y)
  return float(_hsic(X, Y) / np.sqrt(both)) if both > 0 else float("nan")


def _hsic(X: np.ndarray, Y: np.ndarray) -> float:
  n = len(X)
  k, l = (X * X).sum(axis=1), (Y * Y).sum(axis=1)  # the diagonals
  K1, L1 = (side @ side.sum(axis=0) - own for side, own in ((X, k), (Y, l)))
  trace = ((X.T @ Y) ** 2).sum() - k @ l
  mixed = K1.sum() * L1.sum() / ((n - 1) * (n - 2)) - 2 / (n - 2) * (K1 @ L1)
  return float((trace + mixed) / (n * (n - 3)))
