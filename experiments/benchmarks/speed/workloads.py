"""What one round asks of every system: the same sentences, batched by each in its own way."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from experiments.benchmarks.speed.sentences import Sentences
from experiments.benchmarks.speed.sizes import FIXED, Size
from nmt.data.ids import EOS, PAD, UNK


class Rows(NamedTuple):
  """A padded batch: source_BxJ and target_BxT, each sentence ended by EOS."""

  source_BxJ: np.ndarray
  target_BxT: np.ndarray

  def counts(self) -> dict[str, int]:
    """Real tokens a side, sentences, and all positions."""
    return {
      "source_tokens": int((self.source_BxJ != PAD).sum()),
      "target_tokens": int((self.target_BxT != PAD).sum()),
      "sentences": len(self.source_BxJ),
      "positions": self.source_BxJ.size + self.target_BxT.size,
    }


@dataclass(frozen=True)
class Fixed:
  """Training on batches without padding; `length` tokens a side."""

  size: Size
  length: int = FIXED
  what: str = "train"
  name: str = "fixed lengths"

  def batches(self, number: int) -> list[Rows]:
    """The batches of a round, for any system."""
    random = np.random.default_rng((2, number))
    shape = (2, self.size.updates, self.size.batch, self.length)
    ids = random.integers(UNK + 1, self.size.vocabulary, shape, dtype=np.int32)
    ids[..., -1] = EOS
    return [Rows(source, target) for source, target in zip(*ids, strict=True)]

  def counted(self) -> str:
    return f"real tokens; {self.length} a side, {self.size.batch} sentences, no padding"


@dataclass(frozen=True)
class Realistic:
  """Training on sentences of realistic lengths.

  windows: the sentences that the project's windows draw; a round is one of them, or a part of it.
  """

  size: Size
  store: Sentences
  windows: tuple[np.ndarray, ...]
  what: str = "train"
  name: str = "realistic lengths"

  def batches(self, number: int) -> list[Rows]:
    """A round's random batches padded to the longest in each, as most systems make them."""
    window, part = divmod(number, self.size.parts)
    sentences = self.windows[window % len(self.windows)]
    sentences = np.random.default_rng((3, window)).permutation(sentences)
    sentences = np.array_split(sentences, self.size.parts)[part]
    cuts = range(0, len(sentences), self.size.batch)
    return [padded(self.store, sentences[cut : cut + self.size.batch]) for cut in cuts]

  def counted(self) -> str:
    return (
      "real tokens; the same windows of sentences for all: nmt sorts and cuts them into its "
      "shapes, the peers make random batches padded to the longest in each"
    )


@dataclass(frozen=True)
class Search:
  """Translating sentences with random weights; each output is as long as its source."""

  size: Size
  store: Sentences
  beam: int
  rows: int = 64  # a batch
  what: str = "search"

  @property
  def name(self) -> str:
    return "greedy" if self.beam == 1 else f"beam {self.beam}"

  def sources(self, number: int) -> list[np.ndarray]:
    """The source sentences of a round, EOS included."""
    random = np.random.default_rng((4, number))
    chosen = random.integers(0, len(self.store), self.size.sentences)
    return [self.store.ids("source", int(index)) for index in chosen]

  def batches(self, number: int) -> list[np.ndarray]:
    """The same sorted by length, in padded batches source_BxJ: all are searched for J steps."""
    ordered = sorted(self.sources(number), key=len, reverse=True)
    cuts = range(0, len(ordered), self.rows)
    return [_pad(ordered[cut : cut + self.rows]) for cut in cuts]

  def counted(self) -> str:
    return (
      "outputs as long as their sources, EOS being out of reach; batches of sentences sorted by "
      "length for all; the peers search a batch to the length of its longest source"
    )


@dataclass(frozen=True)
class Long:
  """One update on sentences of 50 tokens, for its memory."""

  size: Size
  length: int = 50
  what: str = "memory"
  name: str = "memory"

  def batches(self, number: int) -> list[Rows]:
    """One batch without padding."""
    return Fixed(self.size, self.length).batches(number)[:1]

  def counted(self) -> str:
    return f"one update, {self.length} tokens a side, {self.size.batch} sentences"


Task = Fixed | Realistic | Search | Long


def windows(size: Size, store: Sentences, rounds: int) -> tuple[np.ndarray, ...]:
  """The sentences of the first windows that the project's batches draw, enough for the rounds."""
  from experiments.benchmarks.speed.sizes import config
  from nmt.data.batches import Batches

  configured = config(size)
  batches = Batches(store, configured.batch, configured.seed)
  length = configured.batch.window
  return tuple(
    np.concatenate([batches.at(w * length + k).index_B for k in range(length)])
    for w in range(-(-rounds // size.parts))
  )


def padded(store: Sentences, sentences: np.ndarray) -> Rows:
  """A batch padded to its longest sentence on each side."""
  sides = ("source", "target")
  return Rows(*(_pad([store.ids(side, int(i)) for i in sentences]) for side in sides))


def total(batches: list[Rows]) -> dict[str, int]:
  """The counts of several batches."""
  counts = [batch.counts() for batch in batches]
  return {key: sum(count[key] for count in counts) for key in counts[0]}


def _pad(sequences: list[np.ndarray]) -> np.ndarray:
  array = np.full((len(sequences), max(map(len, sequences))), PAD, np.int32)
  for row, ids in zip(array, sequences, strict=True):
    row[: len(ids)] = ids
  return array
