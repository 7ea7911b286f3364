"""CKA against the papers' formulas, and what it does not see."""

import numpy as np
import pytest

from nmt.analysis.similarity import cka

RANDOM = np.random.default_rng(1)


def hsic(K, L):
  """Song et al. (2012): the unbiased estimate, from two whole matrices, sum by sum."""
  n = len(K)
  K, L = K - np.diag(np.diag(K)), L - np.diag(np.diag(L))
  trace = sum(K[i] @ L[:, i] for i in range(n))
  product = K.sum() * L.sum() / ((n - 1) * (n - 2))
  return (trace + product - 2 / (n - 2) * K.sum(axis=0) @ L.sum(axis=1)) / (n * (n - 3))


def oracle(X, Y):
  X, Y = X - X.mean(axis=0), Y - Y.mean(axis=0)
  K, L = X @ X.T, Y @ Y.T
  return hsic(K, L) / np.sqrt(hsic(K, K) * hsic(L, L))


def mixed(n, d, e):
  """Two matrices that share a part."""
  shared = RANDOM.standard_normal((n, 3))
  return [
    shared @ RANDOM.standard_normal((3, width)) + RANDOM.standard_normal((n, width)) + 2
    for width in (d, e)
  ]


@pytest.mark.parametrize(("n", "d", "e"), [(9, 4, 6), (30, 40, 7), (5, 1, 2)])
def test_it_is_the_papers(n, d, e):
  X, Y = mixed(n, d, e)
  assert cka(X, Y) == pytest.approx(oracle(X, Y), rel=1e-9)
  assert cka(X, Y) == pytest.approx(cka(Y, X), rel=1e-12)


def test_rotation_scale_and_shift_change_nothing():
  X, Y = mixed(40, 6, 9)
  turn = np.linalg.qr(RANDOM.standard_normal((6, 6)))[0]
  assert cka(X, X) == pytest.approx(1, abs=1e-12)
  assert cka(X, 3 * X @ turn + 5) == pytest.approx(1, abs=1e-12)
  assert cka(X @ turn, Y) == pytest.approx(cka(X, Y), abs=1e-12)
  assert cka(X, Y) < 0.99


def test_what_is_unrelated_is_about_0_with_many_columns_too():
  found = [cka(*(RANDOM.standard_normal((40, 90)) for _ in range(2))) for _ in range(20)]
  assert abs(np.mean(found)) < 0.03


def test_where_there_is_none():
  assert np.isnan(cka(np.zeros((9, 2)), np.ones((9, 3))))
  assert np.isnan(cka(np.eye(3), np.eye(3)))
  with pytest.raises(ValueError, match="3 rows and 4"):
    cka(np.eye(3), np.eye(4))
