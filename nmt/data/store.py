"""Tokenised sentence pairs in memory-mapped arrays."""

import contextlib
import functools
import hashlib
import itertools
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from nmt.data.corpora import Corpus
from nmt.data.ids import EOS
from nmt.data.links import Tokens
from nmt.data.parallel import Indices, Pool
from nmt.data.subwords import Subwords
from nmt.data.tokenizers import Normalized, Tokenizer
from nmt.errors import UserError

SIDES = ("source", "target")
LINK = np.dtype([("source", np.uint16), ("target", np.uint16)])


class Sentences(Protocol):
  """Sentence pairs as ids, each side ended by EOS: all that batches are made from."""

  source_lengths: np.ndarray  # tokens, EOS included (int32)
  target_lengths: np.ndarray

  def __len__(self) -> int: ...

  def fill(self, side: str, sentences: np.ndarray, into_BxL: np.ndarray) -> None:
    """Writes each sentence's ids at the start of a row of `into_BxL`."""


@runtime_checkable
class Linked(Sentences, Protocol):
  """Sentence pairs with links between their tokens."""

  def fill_links(self, sentences: np.ndarray, into_BxTxJ: np.ndarray) -> None:
    """Writes 1 where a target token of a sentence's row is linked to a source token."""


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

  def counts(self, side: str, size: int) -> np.ndarray:
    """How often each id of a vocabulary of `size` is among a side's tokens (int64)."""
    return np.bincount(self._tokens[side], minlength=size)

  def _sentence(self, side: str, index: int) -> np.ndarray:
    ends = self._ends[side]
    start = int(ends[index - 1]) if index else 0
    return self._tokens[side][start : int(ends[index])].astype(np.int32)


class LinkedStore(TokenStore):
  """A store that was written with links."""

  def __init__(self, folder: Path):
    super().__init__(folder)
    self._link_ends = np.load(folder / "links.ends.npy", mmap_mode="r")
    some = bool(self._link_ends[-1])  # an empty file can't be mapped
    self._links = np.memmap(folder / "links.tokens", LINK, "r") if some else np.zeros(0, LINK)

  def links(self, index: int) -> np.ndarray:
    """The linked tokens, `source` and `target`, of pair `index`."""
    start = int(self._link_ends[index - 1]) if index else 0
    return self._links[start : int(self._link_ends[index])]

  def fill_links(self, sentences: np.ndarray, into_BxTxJ: np.ndarray) -> None:
    """Writes 1 where a target token of a sentence's row is linked to a source token."""
    for row, index in zip(into_BxTxJ, sentences, strict=False):
      found = self.links(int(index))
      row[found["target"], found["source"]] = 1

  @property
  def unlinked(self) -> int:
    """How many pairs have no links."""
    return int((np.diff(self._link_ends, prepend=0) == 0).sum())


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
  linked: bool = False,
) -> None:
  """Tokenises the pairs `rows` of a corpus into `folder`, a chunk at a time, in parallel.

  Pairs with more than `max_tokens` on a side, EOS aside, are left out; 0: none. With BPE-dropout
  the rows follow each other `samples` times, segmented anew each time. `linked`: with the links
  between tokens, for a LinkedStore.
  """
  rows = np.tile(np.asarray(rows, np.int64), samples)
  numbers = np.arange(len(rows)) // (len(rows) // samples) * len(corpus) + rows
  dtype = np.uint16 if max(source.size, target.size) <= 1 << 16 else np.int32
  linker = Tokens((corpus.source, corpus.target), source, target) if linked else None
  work = functools.partial(
    _tokenise, corpus, source, target, np.dtype(dtype), max_tokens, dropout, linker
  )
  parts = (*SIDES, "links") if linked else SIDES
  lengths: dict[str, list[np.ndarray]] = {part: [] for part in parts}
  kept: list[np.ndarray] = []
  digests = {part: hashlib.sha256() for part in parts}
  with contextlib.ExitStack() as stack:
    files = [stack.enter_context(open(folder / f"{part}.tokens", "wb")) for part in parts]
    for keep, *packed in pool.chunked(work, numbers, "tokenising"):
      kept.append(keep)
      for part, file, (content, counts) in zip(parts, files, packed, strict=True):
        file.write(content)
        lengths[part].append(counts)
        digests[part].update(content)
  rows = rows[np.concatenate(kept)]
  if not len(rows):
    raise UserError(
      f"no pair has at most {max_tokens} tokens a side; data.filter.max_tokens limits the training "
      "split"
    )
  np.save(folder / "rows.npy", rows)
  for part in parts:
    ends = np.cumsum(np.concatenate(lengths[part]), dtype=np.int64)
    np.save(folder / f"{part}.ends.npy", ends)
    digests[part].update(ends.tobytes())
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
  linker: Tokens | None,
  chunk: np.ndarray,
) -> tuple[Any, ...]:
  """Which pairs are kept, for each side the ids of these and the length of each, and the links.

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
    sides.append(encoded)
  longest = np.array([max(map(len, pair)) for pair in zip(*sides, strict=True)])
  keep = longest <= max_tokens if max_tokens else np.ones(len(pairs), bool)

  def packed(rows: Iterable[Sequence[Any]], dtype: np.dtype) -> tuple[bytes, np.ndarray]:
    rows = list(rows)
    flat = np.fromiter(itertools.chain.from_iterable(rows), dtype)
    return flat.tobytes(), np.fromiter(map(len, rows), np.int64)

  kept = [list(itertools.compress(lines, keep)) for lines in sides]
  tokens = [packed(([*line, EOS] for line in lines), dtype) for lines in kept]
  if linker is None:
    return keep, *tokens
  links = map(linker.links, itertools.compress(pairs, keep), zip(*kept, strict=True))
  return keep, *tokens, packed(links, LINK)
