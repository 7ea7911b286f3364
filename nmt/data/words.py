"""Moses words with a shortlist of the most frequent; all others are [UNK] (the paper, sec. 4.1)."""

import collections
import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sacremoses import MosesDetokenizer, MosesTokenizer

from nmt.data.ids import BOS, EOS, PAD, SPECIAL, UNK
from nmt.data.spans import Span, locate

# Moses knows one apostrophe and single quotation mark only, the straight one. It is shown that in
# place of the others, and gives back as many in the same order, which get their own shapes again.
STRAIGHT, APOSTROPHE = "'", "\u2019"  # the second also closes a quotation, and these open one:
SINGLE_QUOTES = re.compile("['\u2018\u2019\u201a]")


class Words:
  """The words of `sacremoses` (nothing escaped, dashes kept) in one language's rules.

  typographic: whether ’ follows the rules of the straight apostrophe, and ‘ and ‚ are joined
  to words as it is; older tokenizers have ’ as a word of its own.
  """

  kind = "words"

  def __init__(self, language: str, shortlist: Sequence[str], typographic: bool = False):
    self.language, self.shortlist, self.typographic = language, list(shortlist), typographic
    self.size = len(SPECIAL) + len(self.shortlist)
    self._ids = {word: index for index, word in enumerate(self.shortlist, len(SPECIAL))}
    self._split: Callable[[str], list[str]] = functools.partial(
      MosesTokenizer(language).tokenize, escape=False
    )
    self._join: Callable[[list[str]], str] = functools.partial(
      MosesDetokenizer(language).detokenize, unescape=False
    )

  def words(self, line: str) -> list[str]:
    if not self.typographic or APOSTROPHE not in line:
      return self._split(line)
    line = line.rstrip()
    # The rules take a straight one that ends the line for a part of its last word.
    words = self._split(line[:-1].replace(APOSTROPHE, STRAIGHT) + line[-1])
    shapes = iter(SINGLE_QUOTES.findall(line))
    return [_shaped(word, shapes) for word in words]

  def encode(self, line: str) -> list[int]:
    return [self._ids.get(word, UNK) for word in self.words(line)]

  def encode_words(self, words: Sequence[str]) -> tuple[list[int], list[int]]:
    return [self._ids.get(word, UNK) for word in words], list(range(len(words)))

  def spans(self, line: str, ids: Sequence[int]) -> list[Span] | None:
    return locate(line, self.words(line))

  def pieces(self, ids: Iterable[int]) -> list[str]:
    entries = (*SPECIAL, *self.shortlist)
    return [entries[index] for index in ids]

  def decode(self, ids: Iterable[int]) -> str:
    kept = [index for index in ids if index not in (PAD, BOS, EOS)]
    words = self.pieces(kept)
    shapes = SINGLE_QUOTES.findall("".join(words)) if self.typographic else []
    if set(shapes) <= {STRAIGHT}:
      return self._join(words)
    straight = [SINGLE_QUOTES.sub(STRAIGHT, word) for word in words]
    return _shaped(self._join(straight), iter(shapes))

  def dump(self) -> bytes:
    mark = {"typographic": True} if self.typographic else {}
    saved = {"kind": self.kind, "language": self.language, **mark, "shortlist": self.shortlist}
    return json.dumps(saved, ensure_ascii=False, indent=0).encode()

  def __reduce__(self) -> tuple[Any, ...]:
    return Words, (self.language, self.shortlist, self.typographic)


def _shaped(text: str, shapes: Iterator[str]) -> str:
  """The text with its single quotation marks in the next of these shapes."""
  return SINGLE_QUOTES.sub(lambda _: next(shapes, STRAIGHT), text)


def count(lines: Iterable[str], language: str) -> collections.Counter[str]:
  """How often each word occurs."""
  split = Words(language, (), typographic=True).words
  counts: collections.Counter[str] = collections.Counter()
  for line in lines:
    counts.update(split(line))
  return counts


def shortlist(size: int, counts: Mapping[str, int], language: str) -> Words:
  """The most frequent words, ties in alphabetical order; all of them where there are fewer."""
  ranked = sorted(counts, key=lambda word: (-counts[word], word))
  return Words(language, ranked[: max(0, size - len(SPECIAL))], typographic=True)


def train(size: int, lines: Iterable[str], language: str) -> Words:
  return shortlist(size, count(lines, language), language)
