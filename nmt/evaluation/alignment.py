"""Word alignments in Pharaoh format, and their error rate against gold links.

A line holds the links of one sentence pair: `i-j` a sure link and `ipj` a merely possible one from
source word i to target word j, counted from 0.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nmt.data import text_files
from nmt.errors import UserError

METHODS = ("agreement", "argmax", "threshold")  # of making links from attention

Link = tuple[int, int]  # (source word, target word)

_LINK = re.compile(r"([0-9]{1,9})([-p])([0-9]{1,9})")


@dataclass(frozen=True)
class Links:
  """The links of one sentence pair: S, and P with S within it."""

  sure: frozenset[Link]
  possible: frozenset[Link]


@dataclass(frozen=True)
class AlignmentScore:
  """Alignment error rate, precision and recall in percent, over `sentences` pairs."""

  aer: float
  precision: float
  recall: float
  links: int
  sentences: int


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


def show(links: Iterable[Link]) -> str:
  """Writes links as one Pharaoh line, by target word and then by source word."""
  return " ".join(f"{i}-{j}" for i, j in sorted(links, key=lambda link: (link[1], link[0])))


def read(path: str | Path, reverse: bool = False) -> list[Links]:
  """Reads a file of Pharaoh lines; `reverse` when it holds `target-source` pairs.

  Raises UserError for a file that cannot be read and for the first malformed link, by line.
  """
  lines = enumerate(text_files.lines(Path(path)), 1)
  links = [parse(line, f"{path}, line {number}") for number, line in lines]
  return [_swap(pair) for pair in links] if reverse else links


def check_range(links: Links, source: int, target: int, where: str) -> None:
  """Raises UserError if a link points outside a pair of `source` and `target` words."""
  for i, j in sorted(links.possible):
    if i >= source or j >= target:
      raise UserError(
        f"{where}: link {i}-{j} is outside a pair of {source} source and {target} target words"
        " (links count words from 0)"
      )


def score(found: Sequence[Collection[Link]], gold: Sequence[Links]) -> AlignmentScore:
  """AER = 1 - (|A n S| + |A n P|) / (|A| + |S|), summed over the corpus (Och and Ney, 2003).

  Precision is |A n P| / |A|, recall |A n S| / |S|. Raises UserError when the counts differ.
  """
  if len(found) != len(gold):
    raise UserError(f"{len(found)} lines of links against {len(gold)} gold lines")
  proposed = sure = in_sure = in_possible = 0
  for links, pair in zip(found, gold, strict=True):
    a = set(links)
    proposed += len(a)
    sure += len(pair.sure)
    in_sure += len(a & pair.sure)
    in_possible += len(a & pair.possible)
  if proposed + sure == 0:
    raise UserError("there are no links to score, neither found nor gold")
  return AlignmentScore(
    aer=100 * (1 - (in_sure + in_possible) / (proposed + sure)),
    precision=100 * in_possible / proposed if proposed else 0.0,
    recall=100 * in_sure / sure if sure else 0.0,
    links=proposed,
    sentences=len(gold),
  )


def _swap(links: Links) -> Links:
  return Links(
    frozenset((j, i) for i, j in links.sure), frozenset((j, i) for i, j in links.possible)
  )
