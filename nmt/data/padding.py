"""Sentences as rows of one array: lengths rounded up, PAD after the end, and filler rows."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np

from nmt.data.ids import EOS, PAD

Item = TypeVar("Item")


def blank(rows: int, length: int) -> np.ndarray:
  """Rows of PAD alone: int32."""
  return np.full((rows, length), PAD, np.int32)


def add_fillers(source_BxJ: np.ndarray, sentences: int) -> None:
  """Makes every source row after so many sentences a filler, an empty sentence: [EOS, PAD...].

  A row of PAD alone would leave nothing to attend to. Fillers' targets are all PAD.
  """
  source_BxJ[sentences:, 0] = EOS


def sources(sentences: Sequence[Sequence[int]], rows: int, length: int) -> np.ndarray:
  """Ids, with EOS, of at most `rows` source sentences, and fillers after them: int32, BxJ."""
  source_BxJ = targets(sentences, rows, length)
  add_fillers(source_BxJ, len(sentences))
  return source_BxJ


def targets(sentences: Sequence[Sequence[int]], rows: int, length: int) -> np.ndarray:
  """Ids, with EOS, of at most `rows` target sentences; PAD after them: int32, BxT."""
  target_BxT = blank(rows, length)
  for row, ids in zip(target_BxT, sentences, strict=False):
    row[: len(ids)] = ids
  return target_BxT


def bucket(length: int) -> int:
  """The padded length: 16, 32, 64, ...: few programs matter more here than some padding."""
  return 1 << max(4, (length - 1).bit_length())


def bucketed(
  items: Iterable[tuple[Item, int]], rows: Callable[[int], int]
) -> Iterator[tuple[int, list[Item]]]:
  """Puts items, given with their lengths, into batches of one padded length and its `rows` each.

  Padded lengths, and the items within one, come in the order in which they are met.
  """
  by_length: dict[int, list[Item]] = {}
  for item, length in items:
    by_length.setdefault(bucket(length), []).append(item)
  for length, members in by_length.items():
    for chunk in chunks(members, rows(length)):
      yield length, chunk


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
  """`size` items at a time, the last time perhaps fewer; reads no further than asked for."""
  iterator = iter(items)
  while chunk := list(itertools.islice(iterator, size)):
    yield chunk
