"""Which pairs of the training corpus are kept, and how many fall to which rule."""

import dataclasses
import functools
import hashlib
from dataclasses import dataclass

import numpy as np
from ml_collections import ConfigDict

from nmt.data.corpora import Corpus
from nmt.data.pair import Pair
from nmt.data.parallel import Indices, Pool
from nmt.errors import UserError

KEPT, EMPTY, SHORT, LONG, RATIO, DUPLICATE = range(6)
COPIES = 0.9  # of the pairs with the same text on both sides: a model would learn to copy
NAMES = ("kept", "empty", "too_short", "too_long", "ratio", "duplicate")


@dataclass(frozen=True)
class Rules:
  """Bounds on the whitespace words of each side; the first rule broken counts a pair out."""

  min_words: int
  max_words: int
  max_ratio: float
  distinct: bool

  @classmethod
  def of(cls, filter_config: ConfigDict) -> "Rules":
    return cls(*(filter_config[field.name] for field in dataclasses.fields(cls)))

  def verdict(self, pair: Pair) -> int:
    """KEPT or the rule that the pair breaks, duplicates aside."""
    short, long = sorted((len(pair.source.split()), len(pair.target.split())))
    if not short:
      return EMPTY
    if short < self.min_words:
      return SHORT
    if self.max_words and long > self.max_words:
      return LONG
    if self.max_ratio and long > self.max_ratio * short:
      return RATIO
    return KEPT


def survey(corpus: Corpus, rules: Rules, pool: Pool) -> tuple[np.ndarray, dict[str, int]]:
  """Returns the indices of the kept pairs (int64, in corpus order) and a count for every rule.

  Of pairs alike to the letter the first is kept. Also counted: kept pairs with the same text on
  both sides (`identical`), and pairs of the corpus that normalisation changed (`normalized`).
  UserError: nothing is left, or almost all that is left is identical.
  """
  work = functools.partial(_survey, corpus, rules)
  found = list(pool.chunked(work, range(len(corpus)), "filtering"))
  verdicts, marks, identical, changed = map(np.concatenate, zip(*found, strict=True))
  if rules.distinct:
    candidates = np.flatnonzero(verdicts == KEPT)
    first = np.unique(marks[candidates], return_index=True)[1]
    repeated = np.ones(len(candidates), bool)
    repeated[first] = False
    verdicts[candidates[repeated]] = DUPLICATE
  counts = {name: int((verdicts == code).sum()) for code, name in enumerate(NAMES)}
  if not counts["kept"]:
    dropped = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
    raise UserError(
      f"the filters leave nothing of {len(corpus)} training pairs ({dropped}); relax data.filter"
    )
  counts["identical"] = int(identical[verdicts == KEPT].sum())
  if counts["identical"] > COPIES * counts["kept"]:
    raise UserError(
      f"{counts['identical']} of {counts['kept']} training pairs have the same text on both sides: "
      "a model would learn to copy; check data.source, data.target and the files of data.dir"
    )
  counts["normalized"] = int(changed.sum())
  return np.flatnonzero(verdicts == KEPT), counts


def _survey(corpus: Corpus, rules: Rules, chunk: Indices) -> tuple[np.ndarray, ...]:
  """For each pair its verdict, a hash, whether it is identical, and whether it was normalised."""
  raw = corpus.read_raw(chunk)
  pairs = [corpus.normalized(pair) for pair in raw]
  verdicts = np.array([rules.verdict(pair) for pair in pairs], np.uint8)
  # 64 bits: a false duplicate among 10 million pairs has probability 3e-6
  marks = b"".join(
    hashlib.blake2b(f"{pair.source}\n{pair.target}".encode(), digest_size=8).digest()
    for pair in pairs
  )
  identical = np.array([pair.source.strip() == pair.target.strip() for pair in pairs], bool)
  changed = np.array([pair != other for pair, other in zip(pairs, raw, strict=True)], bool)
  return verdicts, np.frombuffer(marks, np.uint64), identical, changed
