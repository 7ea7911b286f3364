"""What the singular values of a matrix say of it."""

import numpy as np

LARGEST = 3  # singular values that are shown


def singular_values(matrix: np.ndarray) -> np.ndarray:
  """All of them, largest first, in float64; empty unless it has two axes and finite numbers."""
  if matrix.ndim != 2 or not np.isfinite(matrix).all():
    return np.empty(0)
  values: np.ndarray = np.linalg.svd(matrix.astype(np.float64), compute_uv=False)
  return values


def effective_rank(values: np.ndarray) -> float:
  """exp(-sum_k p_k ln p_k), p_k = sigma_k / sum_l sigma_l (Roy and Vetterli, 2007).

  values: sigma, at least 0. From 1, for a matrix of rank 1, to the rank, where all are alike; 0
  where there is nothing but zeros.
  """
  total = values.sum()
  if not total:
    return 0.0
  share = values[values > 0] / total
  return float(np.exp(-(share * np.log(share)).sum()))
