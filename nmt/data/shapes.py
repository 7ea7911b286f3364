"""A small fixed set of batch shapes (B, J, T), chosen from what the corpus needs."""

import itertools
from collections.abc import Callable, Iterable

import numpy as np

Shape = tuple[int, int, int]

FINE = 16  # up to so many multiples, lengths are rounded to one multiple; above, more coarsely
RARE = 1 / 50  # a shape that a smaller share of the batches needs is merged into a larger one


def round_up(lengths: np.ndarray, multiple: int) -> np.ndarray:
  """Rounds lengths up to multiples; above FINE multiples by less than an eighth of the length.

  So the number of different results grows with the logarithm of the longest length only.
  """
  units = -(-np.maximum(np.asarray(lengths, np.int64), 1) // multiple)
  step = 1 << np.ceil(np.log2(np.maximum(units / FINE, 1))).astype(np.int64)
  rounded: np.ndarray = -(-units // step) * step * multiple
  return rounded


def staircase(rows: Callable[[int], int], longest: int, multiple: int) -> set[Shape]:
  """Square shapes that hold any batch of sentences up to `longest`.

  rows: the number of rows of a batch whose longest sentence is padded to so many positions; it
  doesn't grow with them. For each such number there are the shortest length that has it, its
  doublings, and the longest: (B, L, L) with rows(L) = B.
  """
  squares = set()
  lengths = np.unique(round_up(np.arange(1, longest + 1), multiple)).tolist()
  for B, group in itertools.groupby(lengths, rows):
    side, *rest = group
    last = rest[-1] if rest else side
    while side < last:
      squares.add((B, side, side))
      side *= 2
    squares.add((B, last, last))
  return squares


class Shapes:
  """The shapes that batches are padded to.

  Kept are the shapes that many of the batches of one epoch need and, so that any batch of any epoch
  fits, squares of all sizes.
  """

  def __init__(self, needed_Nx3: np.ndarray, squares: Iterable[Shape]):
    shapes, counts = np.unique(needed_Nx3, axis=0, return_counts=True)
    kept = {_shape(row) for row in shapes[counts >= RARE * counts.sum()]} | {*squares}
    self.all = frozenset(kept)
    self._by_area = sorted(kept, key=lambda shape: (shape[0] * (shape[1] + shape[2]), shape))

  def fit(self, needed: Shape) -> Shape:
    """The smallest shape that holds the needed one."""
    return next(
      shape
      for shape in self._by_area
      if all(have >= need for have, need in zip(shape, needed, strict=True))
    )


def _shape(row: np.ndarray) -> Shape:
  B, J, T = row.tolist()
  return B, J, T
