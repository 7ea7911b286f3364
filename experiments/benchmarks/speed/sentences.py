"""Random sentences of realistic lengths, in the form that nmt.data.batches reads."""

import itertools
from pathlib import Path

import numpy as np

from nmt.data.ids import EOS, UNK
from nmt.errors import UserError

LONGEST = 50  # tokens, end of sentence included
COUNT = 30_000  # enough that shapes are chosen as for a large corpus


class Sentences:
  """Pairs of random ids, each side ended by EOS, of the lengths given (EOS counted)."""

  def __init__(self, lengths_Nx2: np.ndarray, vocabulary: int, seed: int = 1):
    random = np.random.default_rng(seed)
    self.source_lengths, self.target_lengths = lengths_Nx2.astype(np.int32).T
    self._lengths = {"source": self.source_lengths, "target": self.target_lengths}
    self._ends = {side: np.cumsum(lengths) for side, lengths in self._lengths.items()}
    self._ids = {}
    for side, ends in self._ends.items():
      self._ids[side] = random.integers(UNK + 1, vocabulary, ends[-1], dtype=np.int32)
      self._ids[side][ends - 1] = EOS

  def __len__(self) -> int:
    return len(self.source_lengths)

  def ids(self, side: str, index: int) -> np.ndarray:
    """The ids of one sentence, EOS included."""
    end = self._ends[side][index]
    return self._ids[side][end - self._lengths[side][index] : end]

  def fill(self, side: str, sentences: np.ndarray, into_BxL: np.ndarray) -> None:
    """Writes each sentence's ids at the start of a row of `into_BxL`."""
    for row, index in zip(into_BxL, sentences, strict=False):
      ids = self.ids(side, int(index))
      row[: len(ids)] = ids


def drawn(count: int = COUNT, seed: int = 1) -> np.ndarray:
  """Lengths_Nx2 like those of news and debates up to 50 tokens: mean about 22, sides alike."""
  random = np.random.default_rng(seed)
  source = random.gamma(3.0, 8.0, 2 * count)
  target = source * random.lognormal(0.05, 0.2, 2 * count)
  lengths = 1 + np.maximum(1, np.rint(np.stack([source, target], axis=1))).astype(np.int64)
  return lengths[(lengths <= LONGEST).all(axis=1)][:count]


def measured(folder: Path, languages: tuple[str, str], count: int = COUNT) -> np.ndarray:
  """Lengths_Nx2, in words and EOS, of the first pairs of a folder's training text up to 50."""
  from nmt.data import text_files

  files = text_files.find(folder, "train", *languages)
  pairs = itertools.islice(text_files.pairs(files), 2 * count)
  lengths = 1 + np.array([(len(a.split()), len(b.split())) for a, b in pairs])
  lengths = lengths[((lengths > 1) & (lengths <= LONGEST)).all(axis=1)][:count]
  if not len(lengths):
    raise UserError(f"{folder}: no pair of 1 to {LONGEST - 1} words a side")
  return lengths
