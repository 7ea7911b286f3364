"""A small fixed set of batch shapes (B, J, T), chosen from what the corpus needs."""

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
  return -(-units // step) * step * multiple


class Shapes:
  """The shapes that batches are padded to.

  Kept are the shapes that many of the batches of one epoch need and, so that any batch of any epoch
  fits, for each B a staircase of square ones up to the longest sentences.
  """

  def __init__(self, needed_Nx3: np.ndarray, longest: int, multiple: int):
    shapes, counts = np.unique(needed_Nx3, axis=0, return_counts=True)
    kept = {_shape(row) for row in shapes[counts >= RARE * counts.sum()]}
    rows = sorted({int(B) for B in needed_Nx3[:, 0]})
    side = multiple
    while True:
      side = min(side, longest)
      kept |= {(B, side, side) for B in rows}
      if side == longest:
        break
      side *= 2
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
