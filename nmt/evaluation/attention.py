"""Attention over pieces -> a matrix over words -> word links."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from nmt.decoding.forced import Forced, force
from nmt.decoding.trained import Run
from nmt.errors import UserError
from nmt.evaluation.alignment import METHODS, Link

_GUIDED = 0.2  # g, the width of the diagonal in guided attention


class Aligned(NamedTuple):
  """A pair's words and their weights, the end of sentence last; no weights: too long a pair."""

  source: list[str]
  target: list[str]
  alpha_TxJ: Float[np.ndarray, "T J"] | None


class Pieces(NamedTuple):
  """A pair's words and the ids that they are forced as; `owner[k]` is the word of piece k."""

  source: list[str]
  target: list[str]
  ids: tuple[list[int], list[int]]
  source_owner: list[int]
  target_owner: list[int]

  def aligned(self, forced: Forced | None) -> Aligned:
    """The weights between the words, of what `ids` gave when forced."""
    alpha_TxJ = None
    if forced is not None and forced.alpha_TxJ is not None:
      owners = self.source_owner, self.target_owner
      alpha_TxJ = merge(forced.alpha_TxJ, *owners, len(self.source), len(self.target))
    return Aligned(self.source, self.target, alpha_TxJ)


def check(run: Run) -> None:
  """Raises UserError if the run's model has no alignments to be read."""
  if not run.aligns:
    raise UserError(
      f"this run's model has no alignments: model.attention.kind={run.config.model.attention.kind}"
      "; choose a run with attention"
    )


def pieces(run: Run, source: list[str], target: list[str]) -> Pieces:
  """Cuts the words of a pair into pieces that the run knows."""
  source_ids, source_owner = run.source.encode_words(source)
  target_ids, target_owner = run.target.encode_words(target)
  return Pieces(source, target, (source_ids, target_ids), source_owner, target_owner)


def align(run: Run, pairs: Iterable[tuple[list[str], list[str]]]) -> Iterator[Aligned]:
  """Weights between the words of given pairs, the target forced through the model, in order.

  Raises UserError, at once, for a run without alignments.
  """
  check(run)
  return _align(run, pairs)


def _align(run: Run, pairs: Iterable[tuple[list[str], list[str]]]) -> Iterator[Aligned]:
  waiting: deque[Pieces] = deque()

  def ids() -> Iterator[tuple[list[int], list[int]]]:
    for source, target in pairs:
      waiting.append(pieces(run, source, target))
      yield waiting[-1].ids

  for forced in force(run, ids()):
    yield waiting.popleft().aligned(forced)


def entropy(alpha_TxJ: Float[np.ndarray, "T J"]) -> Float[np.ndarray, "T"]:
  """-sum_j alpha_ij ln alpha_ij of each row, in nats: 0 where one source token has all the weight.

  Rows are normalised first, for some mechanisms' sum to less than 1; one without weight gives 0.
  """
  share_TxJ = _shares(alpha_TxJ)
  surprise_TxJ = -np.log(np.where(share_TxJ > 0, share_TxJ, 1))
  entropy_T: Float[np.ndarray, "T"] = (share_TxJ * surprise_TxJ).sum(axis=1)
  return entropy_T


def coverage(alpha_TxJ: Float[np.ndarray, "T J"]) -> Float[np.ndarray, "J"]:
  """min(sum_i alpha_ij, 1) of each source token: 1 where all of it was looked at, 0 where nothing.

  The logarithm of this, summed over j, is the coverage penalty of Wu et al. (2016).
  """
  covered_J: Float[np.ndarray, "J"] = np.minimum(alpha_TxJ.sum(axis=0, dtype=np.float64), 1.0)
  return covered_J


def diagonality(alpha_TxJ: Float[np.ndarray, "T J"]) -> Float[np.ndarray, "T"]:
  """sum_j alpha_ij exp(-(j / J - i / T)^2 / (2 g^2)), g = 0.2: 1 where all is on the diagonal.

  The weights that guided attention (Tachibana et al., 2018) asks for: its loss is the
  mean of 1 - this. i and j count from 0. Rows are normalised first, as for the entropy.
  """
  T, J = alpha_TxJ.shape
  apart_TxJ = np.arange(J)[None] / max(J, 1) - np.arange(T)[:, None] / max(T, 1)
  near_TxJ = np.exp(-(apart_TxJ**2) / (2 * _GUIDED**2))
  diagonal_T: Float[np.ndarray, "T"] = (_shares(alpha_TxJ) * near_TxJ).sum(axis=1)
  return diagonal_T


def _shares(alpha_TxJ: Float[np.ndarray, "T J"]) -> Float[np.ndarray, "T J"]:
  """Each row by its sum, in float64; a row without weight stays 0."""
  alpha_TxJ = alpha_TxJ.astype(np.float64)
  total_T = alpha_TxJ.sum(axis=1, keepdims=True)
  shares: Float[np.ndarray, "T J"] = alpha_TxJ / np.where(total_T > 0, total_T, 1)
  return shares


def merge(
  alpha_TxJ: Float[np.ndarray, "T J"],
  source_owner: Sequence[int],
  target_owner: Sequence[int],
  source_words: int,
  target_words: int,
) -> Float[np.ndarray, "words_T words_J"]:
  """Weights of pieces -> weights of words; the last row and column stay the end of sentence.

  A target word's row is the mean over its pieces, its weight on a source word the sum over that
  word's pieces: rows that summed to 1 still do. `owner[k]` is the word that piece k belongs to,
  counted from 0; a word without pieces gets zeros. alpha has one row and one column more than there
  are pieces, for the end of sentence.
  """
  if alpha_TxJ.shape != (len(target_owner) + 1, len(source_owner) + 1):
    raise ValueError(
      f"alpha {alpha_TxJ.shape} does not fit {len(target_owner)} + 1 target and "
      f"{len(source_owner)} + 1 source pieces"
    )
  summed = np.zeros((target_words + 1, source_words + 1))
  owners = np.ix_([*target_owner, target_words], [*source_owner, source_words])
  np.add.at(summed, owners, alpha_TxJ)
  pieces = np.bincount([*target_owner, target_words], minlength=target_words + 1)
  return summed / np.maximum(pieces, 1)[:, None]


def links(
  alpha_TxJ: Float[np.ndarray, "T J"], method: str = "agreement", threshold: float = 0.5
) -> list[Link]:
  """Word weights with the end of sentence last -> links (source word, target word).

  agreement: target word i is linked to the source word j that maximises alpha_ij * (alpha_ij /
  sum_i' alpha_i'j), the product of both readings of the matrix (Liang, Taskar and Klein, 2006,
  section 3.3, multiply two models' so): a word that everybody glances at, such as the full stop,
  gives way. argmax: the one that maximises alpha_ij. Neither is kept from linking by the end of
  sentence, which takes no part on either side; a word without any weight has no link. threshold:
  all source words of weight >= `threshold`. Raises UserError for another method.
  """
  if method not in METHODS:
    raise UserError(f"unknown alignment method {method!r}: choose {', '.join(METHODS)}")
  words_TxJ = alpha_TxJ[:-1, :-1]
  if method == "threshold" or not words_TxJ.size:
    return [(int(j), int(i)) for i, j in np.argwhere(words_TxJ >= threshold)]
  if method == "agreement":
    total_J = words_TxJ.sum(axis=0)
    words_TxJ = words_TxJ**2 / np.where(total_J > 0, total_J, 1)[None]
  return [(int(row.argmax()), i) for i, row in enumerate(words_TxJ) if row.any()]
