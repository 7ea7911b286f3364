"""Word links in Pharaoh format, and the links between tokens that they mean.

A line holds the links of one sentence pair: `i-j` a sure link and `ipj` a merely possible one from
source word i to target word j, counted from 0.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nmt.data import text_files
from nmt.data.pair import Pair
from nmt.data.spans import Span, locate
from nmt.data.tokenizers import Tokenizer
from nmt.data.words import Words
from nmt.errors import UserError

SPACED = "spaced_links"  # a corpus's feature: links of a file; those of the grammar are "links"

MOST_TOKENS = 1 << 16  # of a side: what the store's numbers reach

Link = tuple[int, int]  # (source word, target word)

_LINK = re.compile(r"([0-9]{1,9})([-p])([0-9]{1,9})")


@dataclass(frozen=True)
class Links:
  """The links of one sentence pair: S, and P with S within it."""

  sure: frozenset[Link]
  possible: frozenset[Link]


def parse(line: str, where: str = "alignment") -> Links:
  """Reads one line of Pharaoh links; raises UserError that names `where` and the bad token."""
  sure, possible = set(), set()
  for token in line.split():
    match = _LINK.fullmatch(token)
    if match is None:
      raise UserError(f"{where}: {token[:40]!r} is not a link (write i-j, or ipj if only possible)")
    link = int(match[1]), int(match[3])
    possible.add(link)
    if match[2] == "-":
      sure.add(link)
  return Links(frozenset(sure), frozenset(possible))


def check_range(links: Links, source: int, target: int, where: str) -> None:
  """Raises UserError if a link points outside a pair of `source` and `target` words."""
  for i, j in sorted(links.possible):
    if i >= source or j >= target:
      raise UserError(
        f"{where}: link {i}-{j} is outside a pair of {source} source and {target} target words"
        " (links count words from 0)"
      )


def spaced(line: str) -> list[str]:
  """The words that spaces separate, which the links of a file count."""
  return [word for word in line.split(" ") if word]


def read(path: Path, files: tuple[Path, ...]) -> Iterator[str]:
  """Yields the lines of links beside the pairs of text files (see text_files).

  UserError: as many lines as pairs are not there, or a link is malformed or outside its pair.
  """
  pairs, count = text_files.pairs(files), 0
  for count, line in enumerate(text_files.lines(path), 1):
    pair = next(pairs, None)
    if pair is None:
      raise UserError(f"{path} has more lines than the {count - 1} pairs of {files[0]}")
    where = f"{path}, line {count}"
    source, target = (len(spaced(side)) for side in pair)
    check_range(parse(line, where), source, target, where)
    yield line
  if next(pairs, None) is not None:
    raise UserError(f"{path} has {count} lines, fewer than the pairs of {files[0]}")


class Tokens:
  """Maps the sure links of pairs to links between their tokens.

  Tokens are linked if words to which they belong are. A token belongs to the words that have one
  of its characters; one of white space alone, and the end of sentence, belong to none.
  """

  def __init__(self, languages: tuple[str, str], source: Tokenizer, target: Tokenizer):
    self._moses = tuple(Words(language, ()) for language in languages)
    self._tokenizers = source, target

  def links(self, pair: Pair, ids: tuple[Sequence[int], Sequence[int]]) -> list[Link]:
    """(source token, target token), sorted, of a pair that was cut into these ids.

    None where a word or a token is not found in the text as it stands, or in too long a pair.
    """
    if not pair.links or max(map(len, ids)) > MOST_TOKENS:
      return []
    owned = []
    for side, line in enumerate((pair.source, pair.target)):
      words = spaced(line) if pair.spaced else self._moses[side].words(line)
      word_spans = locate(line, words)
      token_spans = self._tokenizers[side].spans(line, ids[side])
      if word_spans is None or token_spans is None:
        return []
      owned.append(_inside(word_spans, token_spans))
    found = set()
    for i, j in parse(pair.links).sure:
      if i < len(owned[0]) and j < len(owned[1]):
        found |= {(a, b) for a in owned[0][i] for b in owned[1][j]}
    return sorted(found)


def _inside(words: Sequence[Span], tokens: Sequence[Span]) -> list[list[int]]:
  """For each word the tokens that share a character with it; both are in the text's order."""
  found: list[list[int]] = []
  first = 0
  for start, end in words:
    while first < len(tokens) and tokens[first][1] <= start:
      first += 1
    after = first
    while after < len(tokens) and tokens[after][0] < end:
      after += 1
    found.append([k for k in range(first, after) if tokens[k][1] > max(start, tokens[k][0])])
  return found
