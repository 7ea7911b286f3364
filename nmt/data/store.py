"""Tokenised sentence pairs in memory-mapped arrays."""

import functools
import hashlib
import itertools
import json
from pathlib import Path
from typing import Protocol

import numpy as np

from nmt.data.corpora import Corpus
from nmt.data.ids import EOS
from nmt.data.normalization import Normalized
from nmt.data.parallel import Indices, Pool
from nmt.data.subwords import Subwords
from nmt.data.tokenizers import Tokenizer
from nmt.errors import UserError

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
  digest: a hash of all ids and lengths.
  left_out: how many pairs had too many tokens.
  """

  def __init__(self, folder: Path):
    self.folder = folder
    facts = json.loads((folder / "store.json").read_text())
    self.digest, self.left_out, dtype = facts["digest"], facts["left_out"], facts["dtype"]
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
  max_tokens: int = 0,
  dropout: float = 0.0,
  samples: int = 1,
) -> None:
  """Tokenises the pairs `rows` of a corpus into `folder`, a chunk at a time, in parallel.

  Pairs with more than `max_tokens` on a side, EOS aside, are left out; 0: none. With BPE-dropout
  the rows follow each other `samples` times, segmented anew each time.
  """
  rows = np.tile(np.asarray(rows, np.int64), samples)
  numbers = np.arange(len(rows)) // (len(rows) // samples) * len(corpus) + rows
  dtype = np.uint16 if max(source.size, target.size) <= 1 << 16 else np.int32
  work = functools.partial(_tokenise, corpus, source, target, np.dtype(dtype), max_tokens, dropout)
  lengths: dict[str, list[np.ndarray]] = {side: [] for side in SIDES}
  kept: list[np.ndarray] = []
  digests = {side: hashlib.sha256() for side in SIDES}
  with (
    open(folder / "source.tokens", "wb") as sources,
    open(folder / "target.tokens", "wb") as targets,
  ):
    for keep, *sides in pool.chunked(work, numbers, "tokenising"):
      kept.append(keep)
      for side, file, (ids, counts) in zip(SIDES, (sources, targets), sides, strict=True):
        file.write(ids)
        lengths[side].append(counts)
        digests[side].update(ids)
  rows = rows[np.concatenate(kept)]
  if not len(rows):
    raise UserError(
      f"no pair has at most {max_tokens} tokens a side; data.filter.max_tokens limits the training "
      "split"
    )
  np.save(folder / "rows.npy", rows)
  for side in SIDES:
    ends = np.cumsum(np.concatenate(lengths[side]), dtype=np.int64)
    np.save(folder / f"{side}.ends.npy", ends)
    digests[side].update(ends.tobytes())
  digest = "".join(found.hexdigest() for found in digests.values())
  facts = {
    "dtype": np.dtype(dtype).name,
    "digest": hashlib.sha256(digest.encode()).hexdigest(),
    "left_out": len(numbers) - len(rows),
  }
  (folder / "store.json").write_text(json.dumps(facts))


def _tokenise(
  corpus: Corpus,
  source: Tokenizer,
  target: Tokenizer,
  dtype: np.dtype,
  max_tokens: int,
  dropout: float,
  chunk: np.ndarray,
) -> tuple[np.ndarray, tuple[bytes, np.ndarray], tuple[bytes, np.ndarray]]:
  """Which pairs are kept, and for each side the ids of these and the length of each.

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
      assert isinstance(tokenizer, Subwords | Normalized)
      encoded = tokenizer.sample(lines, dropout, f"{side} {chunk[0]}")
    else:
      encoded = [tokenizer.encode(line) for line in lines]
    sides.append([[*line, EOS] for line in encoded])
  longest = np.array([max(map(len, pair)) for pair in zip(*sides, strict=True)])
  keep = longest <= max_tokens + 1 if max_tokens else np.ones(len(pairs), bool)

  def packed(lines: list[list[int]]) -> tuple[bytes, np.ndarray]:
    lines = list(itertools.compress(lines, keep))
    flat = np.fromiter(itertools.chain.from_iterable(lines), dtype)
    return flat.tobytes(), np.fromiter(map(len, lines), np.int64)

  return keep, packed(sides[0]), packed(sides[1])
