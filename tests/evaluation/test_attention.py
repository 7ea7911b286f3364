import numpy as np
import pytest

from nmt.errors import UserError
from nmt.evaluation import attention


def rows(T, J, seed=0):
  alpha = np.random.default_rng(seed).random((T, J)).astype(np.float32)
  return alpha / alpha.sum(axis=1, keepdims=True)


def test_agreement_passes_over_a_word_that_all_rows_glance_at():
  alpha = np.array([[0.4, 0.6, 0.0], [0.0, 0.8, 0.2], [0.3, 0.7, 0.0], [0.0, 0.0, 1.0]])
  product = alpha[:3, :2] * (alpha[:3, :2] / alpha[:3, :2].sum(axis=0, keepdims=True))
  assert attention.links(alpha, "argmax") == [(1, 0), (1, 1), (1, 2)]
  assert attention.links(alpha) == [(int(j), i) for i, j in enumerate(product.argmax(axis=1))]
  assert attention.links(alpha) == [(0, 0), (1, 1), (1, 2)]


def test_one_piece_a_word_changes_nothing():
  alpha = rows(4, 6)
  merged = attention.merge(alpha, range(5), range(3), 5, 3)
  np.testing.assert_allclose(merged, alpha, rtol=1e-6)


def test_pieces_of_the_source_add_up_and_pieces_of_the_target_are_averaged():
  alpha = np.array([[0.1, 0.2, 0.3, 0.4], [0.5, 0.0, 0.25, 0.25], [0, 0, 0, 1]])
  merged = attention.merge(alpha, [0, 0, 1], [0, 0], 2, 1)
  np.testing.assert_allclose(merged, [[0.4, 0.275, 0.325], [0, 0, 1]])


def test_merged_rows_still_sum_to_one():
  merged = attention.merge(rows(7, 9), [0, 1, 1, 1, 2, 3, 3, 4], [0, 0, 1, 2, 2, 2], 5, 3)
  assert merged.shape == (4, 6)
  np.testing.assert_allclose(merged.sum(axis=1), 1, rtol=1e-6)


def test_a_matrix_of_another_shape_is_refused():
  with pytest.raises(ValueError, match="does not fit"):
    attention.merge(rows(3, 3), [0], [0, 1], 1, 2)


def test_each_target_word_gets_its_most_relevant_word_never_the_end():
  alpha = np.array([[0.2, 0.1, 0.7], [0.0, 0.9, 0.1], [0.3, 0.3, 0.4]])
  assert attention.links(alpha) == [(0, 0), (1, 1)]


def test_no_weight_on_words_is_no_link():
  assert attention.links(np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]])) == []
  assert attention.links(np.ones((1, 1))) == []


def test_threshold_links_every_word_above_it():
  alpha = np.array([[0.4, 0.4, 0.2], [0.1, 0.2, 0.7], [0.0, 0.0, 1.0]])
  assert attention.links(alpha, "threshold", 0.3) == [(0, 0), (1, 0)]
  with pytest.raises(UserError, match="agreement, argmax, threshold"):
    attention.links(alpha, "guess")


def test_words_of_a_run_are_aligned_in_order(run):
  pairs = [(["le", "chat", "dort"], ["le", "zèbre"]), ([], []), (["ici"], ["un", "chat", "noir"])]
  found = list(attention.align(run, iter(pairs)))
  assert [(aligned.source, aligned.target) for aligned in found] == pairs
  assert [attention.links(aligned.alpha_TxJ) for aligned in found] == [
    [(0, 0), (1, 1)],
    [],
    [(0, 0)],
  ]


def test_entropy_is_of_the_shares_of_the_weight():
  alpha = np.array([[0, 1, 0, 0], [0.25] * 4, [0.1, 0.1, 0, 0], [0] * 4], np.float32)
  np.testing.assert_allclose(attention.entropy(alpha), [0, np.log(4), np.log(2), 0], atol=1e-7)


def test_coverage_is_of_what_was_looked_at_at_all():
  alpha = np.array([[0.5, 0.5, 0, 0], [0.75, 0, 0.25, 0]], np.float32)
  np.testing.assert_allclose(attention.coverage(alpha), [1, 0.5, 0.25, 0])
  assert attention.coverage(np.zeros((0, 3))).tolist() == [0, 0, 0]
  assert attention.coverage(rows(9, 4)).max() <= 1


def test_diagonality_is_one_on_the_diagonal_and_less_away_from_it():
  np.testing.assert_allclose(attention.diagonality(np.eye(5)), 1)
  alpha = np.array([[0.25, 0.75], [1.0, 0.0]])
  far = np.exp(-(0.5**2) / (2 * 0.2**2))
  np.testing.assert_allclose(attention.diagonality(alpha), [0.25 + 0.75 * far, far])
  np.testing.assert_allclose(attention.diagonality(3 * alpha), attention.diagonality(alpha))
  assert attention.diagonality(np.zeros((2, 3))).tolist() == [0, 0]
  backwards = attention.diagonality(np.eye(5)[::-1])
  assert backwards[0] < backwards[1] < backwards[2]
