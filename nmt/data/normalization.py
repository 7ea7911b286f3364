"""One spelling for each character: é can also be written as e and a combining accent.

`data.normalize` names the form of all text: `nfc`, Unicode's composed form, or `none`, as it is.
"""

import functools
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from nmt.data.pair import Pair
from nmt.data.spans import Span
from nmt.data.tokenizers import Tokenizer

# Text that is in this form already comes back itself.
nfc = functools.partial(unicodedata.normalize, "NFC")


def normalized_pair(pair: Pair, form: str) -> Pair:
  """Both sides in that form; links count the same words in any."""
  if form == "none":
    return pair
  source, target = nfc(pair.source), nfc(pair.target)
  if source is pair.source and target is pair.target:
    return pair
  return Pair(source, target, pair.links, pair.spaced)


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
