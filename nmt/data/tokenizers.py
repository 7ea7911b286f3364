"""Tokenizers behind one interface: text to ids and back."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from nmt.data.normalization import nfc
from nmt.data.spans import Span
from nmt.errors import UserError
from nmt.files import replacing

KINDS = ("words", "bpe", "unigram", "bytes", "characters")


@runtime_checkable  # by the checks of the tests
class Tokenizer(Protocol):
  """Text to ids and back; ids 0..3 are PAD, BOS, EOS and UNK."""

  kind: str
  size: int

  def encode(self, line: str) -> list[int]:
    """The ids of a line, without BOS and EOS."""

  def decode(self, ids: Iterable[int]) -> str:
    """The detokenised text; PAD, BOS and EOS are left out."""

  def words(self, line: str) -> list[str]:
    """The words on which alignments are shown."""

  def encode_words(self, words: Sequence[str]) -> tuple[list[int], list[int]]:
    """The ids of given words, and for each id the index of the word it belongs to."""

  def spans(self, line: str, ids: Sequence[int]) -> list[Span] | None:
    """Where each of the ids into which a line was cut stands in it; None if that can't be said."""

  def pieces(self, ids: Iterable[int]) -> list[str]:
    """What each id stands for, to be read by people."""

  def dump(self) -> bytes:
    """The content of its file."""


class Normalized:
  """A tokenizer of which the text that goes in, and that which comes out, are in the form nfc."""

  def __init__(self, tokenizer: Tokenizer):
    self.tokenizer = tokenizer
    self.kind, self.size = tokenizer.kind, tokenizer.size

  def encode(self, line: str) -> list[int]:
    return self.tokenizer.encode(nfc(line))

  def decode(self, ids: Iterable[int]) -> str:
    return nfc(self.tokenizer.decode(ids))

  def words(self, line: str) -> list[str]:
    return self.tokenizer.words(nfc(line))

  def encode_words(self, words: Sequence[str]) -> tuple[list[int], list[int]]:
    return self.tokenizer.encode_words([nfc(word) for word in words])

  def sample(self, lines: Sequence[str], dropout: float, seed: str) -> list[list[int]]:
    """The ids of lines under BPE-dropout."""
    subwords: Any = self.tokenizer
    ids: list[list[int]] = subwords.sample([nfc(line) for line in lines], dropout, seed)
    return ids

  def spans(self, line: str, ids: Sequence[int]) -> list[Span] | None:
    return self.tokenizer.spans(nfc(line), ids)

  def pieces(self, ids: Iterable[int]) -> list[str]:
    return self.tokenizer.pieces(ids)

  def dump(self) -> bytes:
    return self.tokenizer.dump()


def train(kind: str, size: int, lines: Iterable[str], language: str) -> Tokenizer:
  """Learns a tokenizer of at most (subwords: exactly) `size` entries, special ones included.

  The same lines give the same tokenizer. UserError: an unknown kind, or a size that the lines
  cannot support.
  """
  from nmt.data import subwords, units, words

  if kind == "words":
    return words.train(size, lines, language)
  if kind in ("bpe", "unigram"):
    return subwords.train(kind, size, lines)
  if kind == "characters":
    return units.train_characters(size, lines)
  if kind == "bytes":
    return units.Bytes()
  raise UserError(f"data.tokenizer.kind={kind} is none of {', '.join(KINDS)}")


def save(tokenizer: Tokenizer, path: Path) -> None:
  """Writes a tokenizer's one file: a SentencePiece model, or JSON."""
  with replacing(path, "wb") as file:
    file.write(tokenizer.dump())


def load(path: Path, form: str = "none") -> Tokenizer:
  """Reads what `save` wrote, to be used on text in `form` (see normalization).

  UserError: it is missing or damaged.
  """
  tokenizer = _load(path)
  return tokenizer if form == "none" else Normalized(tokenizer)


def _load(path: Path) -> Tokenizer:
  from nmt.data import subwords, units, words

  try:
    content = path.read_bytes()
    if not content:
      raise ValueError("it is empty")
    if not content.startswith(b"{"):
      return subwords.Subwords(content)
    saved = json.loads(content)
    kinds = {"words": words.Words, "characters": units.Characters, "bytes": units.Bytes}
    tokenizer: Tokenizer = kinds[saved.pop("kind")](**saved)
    return tokenizer
  except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
    raise UserError(f"cannot read the tokenizer {path}: {error}") from error
