"""Tokenised sentence pairs in memory-mapped arrays."""

import functools
import itertools
import json
from pathlib import Path
from typing import Protocol

import numpy as np

from nmt.data.corpora import Corpus
from nmt.data.ids import EOS
from nmt.data.parallel import Indices, Pool
from nmt.data.subwords import Subwords
from nmt.data.tokenizers import Tokenizer

SIDES = ("source", "target")


class Sentences(Protocol):
  """Sentence pairs as ids, each side ended by EOS: all that batches are made from."""

  source_lengths: np.ndarray  # tokens, EOS included (int32)
  target_lengths: np.ndarray

  def __len__(self) -> int: ...

  def fill(self, side: str, sentences: np.ndarray, into_BxL: np.ndarray) -> None:
    """Writes each sentence's ids at the start of a row of `into_BxL`."""


class TokenStore:
  """Sentence pairs as ids, read from the folder that `write` filled.

  source_lengths, target_lengths: tokens of each sentence, EOS included (int32).
  rows: the index in the corpus of each pair (int64).
  """

  def __init__(self, folder: Path):
    self.folder = folder
    dtype = json.loads((folder / "store.json").read_text())["dtype"]
    self._tokens = {side: np.memmap(folder / f"{side}.tokens", dtype, "r") for side in SIDES}
    self._ends = {side: np.load(folder / f"{side}.ends.npy", mmap_mode="r") for side in SIDES}
    self.rows = np.load(folder / "rows.npy", mmap_mode="r")
    self.source_lengths, self.target_lengths = (
      np.diff(self._ends[side], prepend=0).astype(np.int32) for side in SIDES
    )

  def __len__(self) -> int:
    return len(self.rows)

  def source(self, index: int) -> np.ndarray:
    """The ids of source sentence `index`, ended by EOS (int32)."""
    return self._sentence("source", index)

  def target(self, index: int) -> np.ndarray:
    """The ids of target sentence `index`, ended by EOS (int32)."""
    return self._sentence("target", index)

  def fill(self, side: str, sentences: np.ndarray, into_BxL: np.ndarray) -> None:
    """Writes each sentence's ids at the start of a row of `into_BxL`."""
    ends = np.asarray(self._ends[side][sentences])
    lengths = (self.source_lengths if side == "source" else self.target_lengths)[sentences]
    row = np.repeat(np.arange(len(sentences)), lengths)
    column = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    into_BxL[row, column] = self._tokens[side][np.repeat(ends - lengths, lengths) + column]

  def _sentence(self, side: str, index: int) -> np.ndarray:
    ends = self._ends[side]
    start = int(ends[index - 1]) if index else 0
    return self._tokens[side][start : int(ends[index])].astype(np.int32)


def write(
  folder: Path,
  corpus: Corpus,
  rows: Indices,
  source: Tokenizer,
  target: Tokenizer,
  pool: Pool,
  dropout: float = 0.0,
  samples: int = 1,
) -> None:
  """Tokenises the pairs `rows` of a corpus into `folder`, a chunk at a time, in parallel.

  With BPE-dropout the rows follow each other `samples` times, segmented anew each time.
  """
  rows = np.tile(np.asarray(rows, np.int64), samples)
  numbers = np.arange(len(rows)) // (len(rows) // samples) * len(corpus) + rows
  dtype = np.uint16 if max(source.size, target.size) <= 1 << 16 else np.int32
  work = functools.partial(_tokenise, corpus, source, target, np.dtype(dtype), dropout)
  lengths: dict[str, list[np.ndarray]] = {side: [] for side in SIDES}
  with (
    open(folder / "source.tokens", "wb") as sources,
    open(folder / "target.tokens", "wb") as targets,
  ):
    for chunk in pool.chunked(work, numbers, "tokenising"):
      for side, file, (ids, counts) in zip(SIDES, (sources, targets), chunk, strict=True):
        file.write(ids)
        lengths[side].append(counts)
  for side in SIDES:
    ends = np.cumsum(np.concatenate(lengths[side]), dtype=np.int64)
    np.save(folder / f"{side}.ends.npy", ends)
  np.save(folder / "rows.npy", rows)
  (folder / "store.json").write_text(json.dumps({"dtype": np.dtype(dtype).name}))


def _tokenise(
  corpus: Corpus,
  source: Tokenizer,
  target: Tokenizer,
  dtype: np.dtype,
  dropout: float,
  chunk: np.ndarray,
) -> list[tuple[bytes, np.ndarray]]:
  """For each side the ids of all sentences, and the length of each.

  chunk: rows, to which each sample of the corpus adds its length.
  """
  pairs = corpus.read(chunk % len(corpus))
  sides = []
  for side, (tokenizer, lines) in enumerate(
    (
      (source, [pair.source for pair in pairs]),
      (target, [pair.target for pair in pairs]),
    )
  ):
    if dropout:
      assert isinstance(tokenizer, Subwords)
      encoded = tokenizer.sample(lines, dropout, f"{side} {chunk[0]}")
    else:
      encoded = [tokenizer.encode(line) for line in lines]
    ids = [[*line, EOS] for line in encoded]
    flat = np.fromiter(itertools.chain.from_iterable(ids), dtype)
    sides.append((flat.tobytes(), np.fromiter(map(len, ids), np.int64)))
  return sides
