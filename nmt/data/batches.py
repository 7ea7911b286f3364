"""Batches of about equal lengths: windows of them are drawn, sorted and cut, as the paper does."""

import bisect
import functools
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import grain
import numpy as np
from ml_collections import ConfigDict

from nmt.data import padding
from nmt.data.ids import PAD
from nmt.data.shapes import Shape, Shapes, round_up, staircase
from nmt.data.store import Linked, Sentences
from nmt.errors import UserError

ROWS = 8  # with a token budget, batches hold multiples of so many sentences where they can
FOREVER = 1 << 60  # positions
ALONE = 0, 1  # process 0 of 1


@dataclass(frozen=True)
class Batch:
  """Padded ids; a filler row is source [EOS, PAD...], target all PAD, index -1.

  source_BxJ, target_BxT: int32, each sentence ended by EOS.
  index_B: which sentence of the store each row is.
  links_BxTxJ: int8, 1 where tokens are linked, if the store has links.
  whole: the counts of the whole batch, where these are the rows of one of several processes.
  """

  source_BxJ: np.ndarray
  target_BxT: np.ndarray
  index_B: np.ndarray
  links_BxTxJ: np.ndarray | None = None
  whole: "Counts | None" = None

  @property
  def counts(self) -> "Counts":
    """What the whole batch holds."""
    if self.whole is not None:
      return self.whole
    real_B = self.index_B >= 0
    return Counts(
      source_tokens=int((self.source_BxJ[real_B] != PAD).sum()),
      target_tokens=int((self.target_BxT != PAD).sum()),
      sentences=int(real_B.sum()),
      positions=self.source_BxJ.size + self.target_BxT.size,
    )


class Counts(NamedTuple):
  """Of a batch: real tokens, ends of sentences included, sentences, and positions in all."""

  source_tokens: int
  target_tokens: int
  sentences: int
  positions: int


@dataclass(frozen=True)
class Padding:
  """Positions and rows of an epoch: real ones, and all."""

  source_real: int
  source_padded: int
  target_real: int
  target_padded: int
  sentences: int
  rows: int

  @property
  def share(self) -> float:
    """The share of source and target positions that hold no token."""
    return 1 - (self.source_real + self.target_real) / (self.source_padded + self.target_padded)

  @property
  def filler(self) -> float:
    """The share of rows that hold no sentence."""
    return 1 - self.sentences / self.rows


@dataclass(frozen=True)
class _Cut:
  """Sentences in batches: batch k is order[starts[k]:stops[k]] and needs the shape needed[k]."""

  order: np.ndarray
  starts: np.ndarray
  stops: np.ndarray
  needed: np.ndarray


class Batches:
  """The endless sequence of training batches: `at(position)` is pure in (seed, position).

  Each epoch is a fresh permutation of the store, cut into windows of `window` batches; within a
  window sentences are sorted by length and cut, and the batches shuffled. A batch has `size` rows,
  or with `tokens` as many as fit in that number of positions a side, padding included. Any number
  of threads may read.

  divisor: what the rows of every batch are multiples of, for the devices that share them. With
  `tokens`, 1, 2, 4 and 8 give the same batches. UserError: `size` or `tokens` doesn't allow it.
  """

  def __init__(self, store: Sentences, batch_config: ConfigDict, seed: int, divisor: int = 1):
    self.store, self.seed, self.config = store, seed, batch_config
    self._sizes = _Sizes(store, batch_config, divisor, "training")
    self._lock = threading.Lock()  # holds for _epoch and _firsts
    self._epoch = functools.lru_cache(maxsize=2)(self._cut_epoch)
    self._firsts = [0]  # with `tokens`: the position at which each epoch begins, as far as known
    sizes = self._sizes
    squares = staircase(sizes.rows, sizes.longest, batch_config.multiple)
    self._shapes = Shapes(self._plan(0).needed, squares)

  def cut_as(self, divisor: int) -> bool:
    """Whether batches of another divisor would be the same."""
    mine = self._sizes.divisor
    return not self.config.tokens or mine == divisor or ROWS % mine == 0 == ROWS % divisor

  @property
  def linked(self) -> bool:
    """Whether batches have links."""
    return isinstance(self.store, Linked)

  @property
  def shapes(self) -> frozenset[Shape]:
    """All (B, J, T) that a batch of any epoch can have."""
    return self._shapes.all

  def used_shapes(self, epoch: int = 0) -> frozenset[Shape]:
    """The (B, J, T) that the batches of an epoch have: so many programs are compiled."""
    return frozenset(self._shapes.fit(tuple(row)) for row in self._plan(epoch).needed.tolist())

  def epoch_size(self, epoch: int = 0) -> int:
    """How many batches an epoch has; the same for all unless `tokens` is set."""
    if not self.config.tokens:
      size: int = self.config.size
      return -(-len(self.store) // size)
    return len(self._plan(epoch).starts)

  def padding(self, epoch: int = 0) -> Padding:
    """How much of an epoch is padding."""
    counts: np.ndarray = np.zeros(3, np.int64)
    for row in self._plan(epoch).needed.tolist():
      B, J, T = self._shapes.fit(tuple(row))
      counts += (B * J, B * T, B)
    source, target = self.store.source_lengths, self.store.target_lengths
    return Padding(
      int(source.sum(dtype=np.int64)),
      int(counts[0]),
      int(target.sum(dtype=np.int64)),
      int(counts[1]),
      len(self.store),
      int(counts[2]),
    )

  def locate(self, position: int) -> tuple[int, int]:
    """(epoch, index in it) of a position counted from 0 over all epochs."""
    if not self.config.tokens:
      return divmod(position, self.epoch_size())
    with self._lock:
      while self._firsts[-1] <= position:
        size = len(self._epoch(len(self._firsts) - 1).starts)
        self._firsts.append(self._firsts[-1] + size)
      epoch = bisect.bisect_right(self._firsts, position) - 1
      return epoch, position - self._firsts[epoch]

  def shape(self, position: int) -> Shape:
    """The shape of the batch at a position."""
    epoch, index = self.locate(position)
    return self._shapes.fit(tuple(self._plan(epoch).needed[index].tolist()))

  def at(self, position: int, process: tuple[int, int] = ALONE) -> Batch:
    """The batch at a position, counted from 0 over all epochs.

    process: (index, count); process k of n gets, and reads, the k-th n-th of the rows.
    """
    epoch, index = self.locate(position)
    cut = self._plan(epoch)
    sentences = cut.order[cut.starts[index] : cut.stops[index]]
    shape = self._shapes.fit(tuple(cut.needed[index].tolist()))
    return _assemble(self.store, sentences, shape, process)

  def _plan(self, epoch: int) -> _Cut:
    with self._lock:  # a cut that several threads want is made once
      return self._epoch(epoch)

  def _cut_epoch(self, epoch: int) -> _Cut:
    random = np.random.default_rng((self.seed, epoch))
    order = random.permutation(len(self.store))
    window = np.arange(len(order)) // self._sizes.window
    order = order[self._sizes.sort(order, window)]
    cut = _cut(order, self._sizes, self._sizes.window)
    shuffled = np.lexsort((random.random(len(cut.starts)), cut.starts // self._sizes.window))
    return _Cut(order, cut.starts[shuffled], cut.stops[shuffled], cut.needed[shuffled])


def iterate(batches: Batches, start: int, process: tuple[int, int] = ALONE) -> Iterator[Batch]:
  """Yields this process's rows of the batches from position `start` on, prefetched by Grain.

  process: as for `Batches.at`. UserError: the rows of a batch cannot be shared evenly.
  """
  _, count = process
  for B in {B for B, _, _ in batches.shapes}:
    if B % count:
      raise UserError(
        f"batches of {B} sentences can't be shared by {count} processes: change batch.size"
      )
  dataset = grain.MapDataset.source(_Positions(batches, start, process))
  return iter(dataset.to_iter_dataset(grain.ReadOptions(num_threads=2, prefetch_buffer_size=16)))


def sequential(
  store: Sentences, batch_config: ConfigDict, divisor: int = 1, process: tuple[int, int] = ALONE
) -> list[Batch]:
  """The validation split once, longest first, in batches of few shapes and as large as training's.

  divisor: what the rows of every batch are multiples of. process: as for `Batches.at`. UserError:
  as for `Batches`.
  """
  sizes = _Sizes(store, batch_config, divisor, "validation", coarse=2)
  order = np.arange(len(store))
  order = order[sizes.sort(order, np.zeros_like(order))]
  cut = _cut(order, sizes, len(order))
  return [
    _assemble(store, order[start:stop], tuple(shape), process)
    for start, stop, shape in zip(cut.starts, cut.stops, cut.needed.tolist(), strict=True)
  ]


@dataclass(frozen=True)
class _Positions:
  """Grain's view of the batches: item k is the batch at start + k."""

  batches: Batches
  start: int
  process: tuple[int, int]

  def __len__(self) -> int:
    return FOREVER

  def __getitem__(self, item: int) -> Batch:
    return self.batches.at(self.start + int(item), self.process)


class _Sizes:
  """Rounded lengths of a store's sentences, and how many of them make a batch.

  divisor: what that number is a multiple of. split: training or validation. coarse: lengths are
  rounded to so many times `multiple`.
  """

  def __init__(
    self, store: Sentences, batch_config: ConfigDict, divisor: int, split: str, coarse: int = 1
  ):
    multiple = coarse * batch_config.multiple
    self.source, self.target = store.source_lengths, store.target_lengths
    self.source_padded = round_up(self.source, multiple)
    self.target_padded = round_up(self.target, multiple)
    self.longer = np.maximum(self.source_padded, self.target_padded)
    self.longest = int(self.longer.max())
    self.size: int = batch_config.size
    self.tokens: int = batch_config.tokens
    self.divisor = divisor
    self._check(split)
    mean = self.rows(int(self.longer.mean()))
    self.window = batch_config.window * mean  # sentences

  def rows(self, positions: int) -> int:
    """Rows of a batch whose longest sentence is padded to so many positions.

    With `tokens` it depends on nothing else, so what is planned for all lengths fits any epoch.
    """
    if not self.tokens:
      return self.size
    fitting = self.tokens // positions
    even = fitting // ROWS * ROWS or 1 << (fitting.bit_length() - 1)
    return max(even // self.divisor, 1) * self.divisor

  def _check(self, split: str) -> None:
    n, needed = self.divisor, self.longest * self.divisor
    if not self.tokens and self.size % n:
      raise UserError(
        f"batch.size={self.size} can't be cut over {n} devices: set batch.size to a multiple of "
        f"{n}, or change mesh.data or mesh.model"
      )
    if 0 < self.tokens < needed:
      remedies = [f"set batch.tokens to {needed} or more"]
      remedies += ["lower a limit of data.filter"] * (split == "training")
      remedies += ["use fewer devices (mesh.data, mesh.model)"] * (n > 1)
      raise UserError(
        f"batch.tokens={self.tokens} has no room for the longest {split} sentence, "
        f"{self.longest} positions with padding"
        + (f", on each of {n} devices: " if n > 1 else ": ")
        + ", or ".join(remedies)
      )

  def sort(self, order: np.ndarray, window: np.ndarray) -> np.ndarray:
    """How to sort `order` within windows: by the longer side, longest first, then by each side.

    Against sorting by one side, this saves a tenth of all positions and half of the shapes.
    """
    return np.lexsort((self.source[order], self.target_padded[order], -self.longer[order], window))


def _cut(order: np.ndarray, sizes: _Sizes, window: int) -> _Cut:
  """Cuts each window of sorted sentences into batches."""
  longer, source, target = (
    lengths[order] for lengths in (sizes.longer, sizes.source_padded, sizes.target_padded)
  )
  starts, rows = [], []
  start = 0
  while start < len(order):
    starts.append(start)
    rows.append(sizes.rows(int(longer[start])))
    start = min(start + rows[-1], (start // window + 1) * window, len(order))
  needed = np.stack(
    (rows, np.maximum.reduceat(source, starts), np.maximum.reduceat(target, starts)), axis=1
  )
  return _Cut(order, np.array(starts), np.array([*starts[1:], len(order)]), needed)


def _assemble(
  store: Sentences, sentences: np.ndarray, shape: Shape, process: tuple[int, int]
) -> Batch:
  B, J, T = shape
  index_B = np.full(B, -1, np.int32)
  index_B[: len(sentences)] = sentences
  number, count = process
  whole = None
  if count > 1:
    sides = store.source_lengths, store.target_lengths
    lengths = [int(side[sentences].sum(dtype=int)) for side in sides]
    whole = Counts(lengths[0], lengths[1], len(sentences), B * (J + T))
    B //= count
    index_B = index_B[number * B : (number + 1) * B]
    sentences = index_B[index_B >= 0]
  source, target = padding.blank(B, J), padding.blank(B, T)
  store.fill("source", sentences, source)
  store.fill("target", sentences, target)
  padding.add_fillers(source, len(sentences))
  links = None
  if isinstance(store, Linked):
    links = np.zeros((B, T, J), np.int8)
    store.fill_links(sentences, links)
  return Batch(source, target, index_B, links, whole)
