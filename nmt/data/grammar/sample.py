"""Pairs by split and index."""

import hashlib

from ml_collections import ConfigDict

from nmt.data.grammar.draw import Draw
from nmt.data.grammar.sentences import sentence
from nmt.data.grammar.words import english_text, length, render
from nmt.data.pair import Pair
from nmt.errors import UserError

SPLITS = ("train", "valid", "test", "long")
_SHARES = 8  # of the sentences: one for test, one for valid, the others for train


def size(grammar: ConfigDict, split: str) -> int:
  """Number of pairs of a split."""
  _check(grammar, split)
  return int(grammar[split])


def pair(grammar: ConfigDict, split: str, index: int, seed: int = 1) -> Pair:
  """The pair at `index` of a split: a pure function of its arguments.

  A hash of the English sentence says to which split it may belong, so that the splits are disjoint;
  `long` differs from the others in length.
  """
  _check(grammar, split)
  d = Draw(f"{seed}/{split}/{index}")
  low, high = grammar.min_words, grammar.max_words
  if split == "long":
    low, high = high + 1, grammar.long_words
  target = d.between(low, high)
  while True:
    source, french = sentence(d, target)
    if length(source) == target and (split == "long" or home(english_text(source)) == split):
      return render(source, french, grammar.order)


def home(english: str) -> str:
  """The split to which a sentence may belong."""
  share = hashlib.blake2b(english.encode(), digest_size=4).digest()[0] % _SHARES
  return {0: "test", 1: "valid"}.get(share, "train")


def _check(grammar: ConfigDict, split: str) -> None:
  if split not in SPLITS:
    raise UserError(f"no split {split} in the grammar corpus: it has {', '.join(SPLITS)}")
  if not 3 <= grammar.min_words <= grammar.max_words:
    raise UserError(
      f"data.grammar: min_words={grammar.min_words}, max_words={grammar.max_words}; "
      "needs 3 <= min_words <= max_words"
    )
  if split == "long" and grammar.long_words <= grammar.max_words:
    raise UserError(
      f"data.grammar.long_words={grammar.long_words}: must be above max_words={grammar.max_words}"
    )
