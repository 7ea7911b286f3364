"""Moses words with a shortlist of the most frequent; all others are [UNK] (the paper, sec. 4.1)."""

import collections
import json
from collections.abc import Iterable, Mapping, Sequence

from sacremoses import MosesDetokenizer, MosesTokenizer

from nmt.data.ids import BOS, EOS, PAD, SPECIAL, UNK


class Words:
  """The words of `sacremoses` (nothing escaped, dashes kept) in one language's rules."""

  kind = "words"

  def __init__(self, language: str, shortlist: Sequence[str]):
    self.language, self.shortlist = language, list(shortlist)
    self.size = len(SPECIAL) + len(self.shortlist)
    self._ids = {word: index for index, word in enumerate(self.shortlist, len(SPECIAL))}
    self._moses = MosesTokenizer(language)
    self._join = MosesDetokenizer(language)

  def words(self, line: str) -> list[str]:
    return self._moses.tokenize(line, escape=False)

  def encode(self, line: str) -> list[int]:
    return [self._ids.get(word, UNK) for word in self.words(line)]

  def encode_words(self, words: Sequence[str]) -> tuple[list[int], list[int]]:
    return [self._ids.get(word, UNK) for word in words], list(range(len(words)))

  def pieces(self, ids: Iterable[int]) -> list[str]:
    entries = (*SPECIAL, *self.shortlist)
    return [entries[index] for index in ids]

  def decode(self, ids: Iterable[int]) -> str:
    kept = [index for index in ids if index not in (PAD, BOS, EOS)]
    return self._join.detokenize(self.pieces(kept), unescape=False)

  def dump(self) -> bytes:
    saved = {"kind": self.kind, "language": self.language, "shortlist": self.shortlist}
    return json.dumps(saved, ensure_ascii=False, indent=0).encode()

  def __reduce__(self):
    return Words, (self.language, self.shortlist)


def count(lines: Iterable[str], language: str) -> collections.Counter:
  """How often each word occurs."""
  split = Words(language, ()).words
  counts: collections.Counter = collections.Counter()
  for line in lines:
    counts.update(split(line))
  return counts


def shortlist(size: int, counts: Mapping[str, int], language: str) -> Words:
  """The most frequent words, ties in alphabetical order; all of them where there are fewer."""
  ranked = sorted(counts, key=lambda word: (-counts[word], word))
  return Words(language, ranked[: max(0, size - len(SPECIAL))])


def train(size: int, lines: Iterable[str], language: str) -> Words:
  return shortlist(size, count(lines, language), language)
