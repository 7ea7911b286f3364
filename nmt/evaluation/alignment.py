"""Word alignments in Pharaoh format (see nmt/data/links.py), and their error rate against gold."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int64, Num

from nmt.data import text_files
from nmt.data.links import Link, Links, check_range, parse
from nmt.errors import UserError

__all__ = [
  "METHODS",
  "AlignmentScore",
  "Link",
  "Links",
  "check_range",
  "counts",
  "error_rate",
  "parse",
  "read",
  "score",
  "show",
]

METHODS = ("agreement", "argmax", "threshold")  # of making links from attention


@dataclass(frozen=True)
class AlignmentScore:
  """Alignment error rate, precision and recall in percent, over `sentences` pairs."""

  aer: float
  precision: float
  recall: float
  links: int
  sentences: int


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


def score(found: Sequence[Collection[Link]], gold: Sequence[Links]) -> AlignmentScore:
  """AER = 1 - (|A n S| + |A n P|) / (|A| + |S|), summed over the corpus (Och and Ney, 2003).

  Precision is |A n P| / |A|, recall |A n S| / |S|. Raises UserError when the counts differ.
  """
  if len(found) != len(gold):
    raise UserError(f"{len(found)} lines of links against {len(gold)} gold lines")
  sums = counts(found, gold).sum(axis=0)
  proposed, sure, in_sure, in_possible = sums.tolist()
  if proposed + sure == 0:
    raise UserError("there are no links to score, neither found nor gold")
  return AlignmentScore(
    aer=float(error_rate(sums)),
    precision=100 * in_possible / proposed if proposed else 0.0,
    recall=100 * in_sure / sure if sure else 0.0,
    links=proposed,
    sentences=len(gold),
  )


def counts(
  found: Sequence[Collection[Link]], gold: Sequence[Links]
) -> Int64[np.ndarray, "sentences 4"]:
  """What each sentence adds to the sums of `error_rate`: |A|, |S|, |A n S| and |A n P|."""
  rows = [
    (len(a), len(pair.sure), len(a & pair.sure), len(a & pair.possible))
    for a, pair in zip(map(set, found), gold, strict=True)
  ]
  return np.array(rows, np.int64).reshape(-1, 4)


def error_rate(sums: Num[np.ndarray, "*corpora 4"]) -> Float[np.ndarray, "*corpora"]:
  """AER in percent of each corpus whose sums of `counts` are along the last axis.

  A corpus without any link, found or gold, has an AER of 0.
  """
  proposed, sure, in_sure, in_possible = np.moveaxis(np.asarray(sums, np.float64), -1, 0)
  every = proposed + sure
  return np.asarray(
    100 * (1 - np.where(every > 0, in_sure + in_possible, 1) / np.where(every > 0, every, 1))
  )


def _swap(links: Links) -> Links:
  return Links(
    frozenset((j, i) for i, j in links.sure), frozenset((j, i) for i, j in links.possible)
  )
