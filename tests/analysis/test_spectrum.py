"""Singular values and effective rank against their definitions."""

import numpy as np
import pytest

from nmt.analysis.spectrum import effective_rank, singular_values

RANDOM = np.random.default_rng(1)


def test_values_are_roots_of_the_gram_matrix():
  matrix = RANDOM.standard_normal((7, 4)).astype(np.float32)
  wide = matrix.astype(np.float64)
  roots = np.sqrt(np.linalg.eigvalsh(wide.T @ wide))[::-1]
  np.testing.assert_allclose(singular_values(matrix), roots, rtol=1e-10)


def test_effective_rank_is_the_papers():
  values = np.array([3.0, 2.0, 0.5, 0.0])
  p = [3 / 5.5, 2 / 5.5, 0.5 / 5.5]
  entropy = -sum(x * np.log(x) for x in p)
  assert effective_rank(values) == pytest.approx(np.exp(entropy))
  assert effective_rank(10 * values) == pytest.approx(np.exp(entropy))


def test_it_counts_equal_directions():
  assert effective_rank(singular_values(np.eye(6))) == pytest.approx(6)
  assert effective_rank(singular_values(np.ones((5, 3)))) == pytest.approx(1)
  assert effective_rank(singular_values(np.zeros((5, 3)))) == 0


def test_what_has_no_spectrum():
  assert not len(singular_values(np.ones(3)))
  assert not len(singular_values(np.array([[1.0, np.nan]])))
