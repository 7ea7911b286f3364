"""Bytes and characters as tokens."""

import collections
import json
from collections.abc import Iterable, Sequence

from nmt.data.ids import EOS, SPECIAL, UNK
from nmt.data.spans import Span, of_bytes


class Characters:
  """The most frequent characters; all others are [UNK]."""

  kind = "characters"

  def __init__(self, alphabet: str):
    self.alphabet = alphabet
    self.size = len(SPECIAL) + len(alphabet)
    self._ids = {character: index for index, character in enumerate(alphabet, len(SPECIAL))}

  def encode(self, line: str) -> list[int]:
    return [self._ids.get(character, UNK) for character in line]

  def decode(self, ids: Iterable[int]) -> str:
    return "".join(self.pieces(index for index in ids if index > EOS))

  def words(self, line: str) -> list[str]:
    return line.split()

  def encode_words(self, words: Sequence[str]) -> tuple[list[int], list[int]]:
    return _join([self.encode(word) for word in words], self.encode(" "))

  def spans(self, line: str, ids: Sequence[int]) -> list[Span] | None:
    return [(index, index + 1) for index in range(len(line))]

  def pieces(self, ids: Iterable[int]) -> list[str]:
    entries = (*SPECIAL, *self.alphabet)
    return [entries[index] for index in ids]

  def dump(self) -> bytes:
    return json.dumps({"kind": self.kind, "alphabet": self.alphabet}).encode()


class Bytes:
  """The bytes of the UTF-8 text: any text, to the letter, with 260 entries."""

  kind = "bytes"
  size = len(SPECIAL) + 256

  def encode(self, line: str) -> list[int]:
    return [byte + len(SPECIAL) for byte in line.encode()]

  def decode(self, ids: Iterable[int]) -> str:
    parts = (
      bytes([index - len(SPECIAL)]) if index > UNK else SPECIAL[UNK].encode()
      for index in map(int, ids)
      if index > EOS
    )
    return b"".join(parts).decode(errors="replace")

  def words(self, line: str) -> list[str]:
    return line.split()

  def encode_words(self, words: Sequence[str]) -> tuple[list[int], list[int]]:
    return _join([self.encode(word) for word in words], self.encode(" "))

  def spans(self, line: str, ids: Sequence[int]) -> list[Span] | None:
    return of_bytes(line, [1] * len(ids))

  def pieces(self, ids: Iterable[int]) -> list[str]:
    return [
      SPECIAL[index]
      if index <= UNK
      else chr(index - 4)
      if 32 < index - 4 < 127
      else f"<0x{index - 4:02X}>"
      for index in map(int, ids)
    ]

  def dump(self) -> bytes:
    return json.dumps({"kind": self.kind}).encode()


def train_characters(size: int, lines: Iterable[str]) -> Characters:
  """The most frequent characters, ties in code point order; all of them where there are fewer."""
  counts: collections.Counter[str] = collections.Counter()
  for line in lines:
    counts.update(line)
  ranked = sorted(counts, key=lambda character: (-counts[character], character))
  return Characters("".join(ranked[: max(0, size - len(SPECIAL))]))


def _join(encoded: list[list[int]], space: list[int]) -> tuple[list[int], list[int]]:
  """Words with a space between them; the space belongs to the word after it."""
  ids: list[int] = []
  owner: list[int] = []
  for index, word in enumerate(encoded):
    word = space + word if index else word
    ids += word
    owner += [index] * len(word)
  return ids, owner
