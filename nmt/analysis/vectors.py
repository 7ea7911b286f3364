"""The word vectors of both sides of a run: neighbours, and the plane in which they differ most."""

from typing import NamedTuple

import numpy as np

from nmt.analysis.place import weights_of
from nmt.data.ids import SPECIAL
from nmt.data.normalization import nfc
from nmt.decoding.trained import Run
from nmt.training.transfer import E_X, E_Y, untied

SIDES = ("source", "target")


class Table(NamedTuple):
  """The words of one side, without the special ones, and their vectors, in float64."""

  words: list[str]
  vectors_VxM: np.ndarray

  def row(self, word: str) -> int | None:
    """The row of a word, or of the piece that begins with it after a space (▁); None of others."""
    for spelling in (word, nfc(word), f"▁{nfc(word)}"):
      if spelling in self.words:
        return self.words.index(spelling)
    return None


class Plane(NamedTuple):
  """Places of words in the plane of the two principal components, and their shares of variance."""

  places_Vx2: np.ndarray
  shares: tuple[float, float]


def tables(run: Run) -> dict[str, Table]:
  """The tables E_x and E_y of a run by side; with a joint vocabulary they are the same."""
  every, first = untied(run.config.model, weights_of(run).arrays), len(SPECIAL)
  found = {}
  for side, name, tokenizer in zip(SIDES, (E_X, E_Y), (run.source, run.target), strict=True):
    words = tokenizer.pieces(range(first, tokenizer.size))
    found[side] = Table(words, every[name][first:].astype(np.float64))
  return found


def nearest(vector_M: np.ndarray, table: Table, count: int) -> list[tuple[str, float]]:
  """The words whose vectors have the largest cosine with one, and that; the largest first.

  A vector of zeros has a cosine of 0 with all.
  """
  lengths_V = np.linalg.norm(table.vectors_VxM, axis=1) * np.linalg.norm(vector_M)
  cosine_V = table.vectors_VxM @ vector_M / np.where(lengths_V > 0, lengths_V, 1)
  order = np.argsort(-cosine_V, kind="stable")[:count]
  return [(table.words[row], float(cosine_V[row])) for row in order]


def plane(vectors_VxM: np.ndarray) -> Plane:
  """Principal components by singular values of the centred vectors; fixed signs.

  Of each component the word that is farthest out has a positive place. One of no length has 0.
  """
  centred = vectors_VxM - vectors_VxM.mean(axis=0)
  U, lengths, _ = np.linalg.svd(centred, full_matrices=False)
  places = np.zeros((len(centred), 2))
  kept = min(2, len(lengths))
  places[:, :kept] = U[:, :kept] * lengths[:kept]
  for column in places.T:
    column *= np.sign(column[np.abs(column).argmax()]) or 1.0
  total = float((lengths**2).sum()) or 1.0
  one, two = (float(x) ** 2 / total for x in (*lengths[:2], 0.0, 0.0)[:2])
  return Plane(places, (one, two))
