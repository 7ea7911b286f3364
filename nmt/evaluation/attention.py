"""Attention over pieces -> a matrix over words -> word links."""

from collections.abc import Sequence

import numpy as np

from nmt.errors import UserError
from nmt.evaluation.alignment import Link

METHODS = ("argmax", "threshold")


def merge(
  alpha_TxJ: np.ndarray, source_owner: Sequence[int], target_owner: Sequence[int]
) -> np.ndarray:
  """Weights of pieces -> weights of words; the last row and column stay the end of sentence.

  A target word's row is the mean over its pieces, its weight on a source word the sum over that
  word's pieces: rows that summed to 1 still do. `owner[k]` is the word that piece k belongs to,
  counted from 0 without gaps; alpha has one row and column more, for the end of sentence.
  """
  if alpha_TxJ.shape != (len(target_owner) + 1, len(source_owner) + 1):
    raise ValueError(
      f"alpha {alpha_TxJ.shape} does not fit {len(target_owner)} + 1 target and "
      f"{len(source_owner)} + 1 source pieces"
    )
  source, target = _indicator(source_owner), _indicator(target_owner)
  pieces = target.sum(axis=1, keepdims=True)
  return (target @ alpha_TxJ.astype(np.float64) @ source.T) / pieces


def links(alpha_TxJ: np.ndarray, method: str = "argmax", threshold: float = 0.5) -> list[Link]:
  """Word weights with the end of sentence last -> links (source word, target word).

  argmax: each target word is linked to the source word of largest weight, even where the end of
  sentence weighs more; threshold: to every source word of weight >= `threshold`. The end of
  sentence takes no part on either side. Raises UserError for another method.
  """
  if method not in METHODS:
    raise UserError(f"unknown alignment method {method!r}: choose {' or '.join(METHODS)}")
  words_TxJ = alpha_TxJ[:-1, :-1]
  if words_TxJ.size == 0:
    return []
  if method == "argmax":
    return [(int(row.argmax()), target) for target, row in enumerate(words_TxJ)]
  return [(int(source), int(target)) for target, source in np.argwhere(words_TxJ >= threshold)]


def _indicator(owner: Sequence[int]) -> np.ndarray:
  """0/1 matrix of words x pieces, with the end of sentence as a last word of one piece."""
  words = max(owner, default=-1) + 1
  column = np.array([*owner, words], np.int64)
  if set(column.tolist()) != set(range(words + 1)):
    raise ValueError("every word needs a piece")
  return (np.arange(words + 1)[:, None] == column[None, :]).astype(np.float64)
