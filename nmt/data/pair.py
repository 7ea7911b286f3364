"""One sentence and its translation."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
  """A sentence pair and, where known, its gold word links.

  links: Pharaoh format, `i-j` sure and `ipj` possible, zero-based source-target, over the words
  that the tokenizer kind `words` makes of each side; empty where unknown.
  spaced: the links are over the words that spaces separate instead.
  """

  source: str
  target: str
  links: str = ""
  spaced: bool = False
