"""Parameters of one model in the place of another's, where name and shape fit.

So a parent's training helps a child's in Zoph et al., 2016. Here the tables with a row a word are
matched by word, whatever its place in the two vocabularies.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float
from ml_collections import ConfigDict

from nmt.data.ids import SPECIAL
from nmt.data.tokenizers import Tokenizer

E_X, E_Y, W_O, B_O = "encoder.E_x", "decoder.E_y", "decoder.readout.W_o", "decoder.readout.b_o"

Flat = dict[str, Float[np.ndarray, "..."]]  # parameters by name


@dataclass
class Report:
  """What was taken over. words: (found, of how many) of each table; shapes: (ours, theirs)."""

  taken: list[str] = field(default_factory=list)
  words: dict[str, tuple[int, int]] = field(default_factory=dict)
  shapes: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict)
  drawn: list[str] = field(default_factory=list)
  unused: list[str] = field(default_factory=list)

  def empty(self) -> bool:
    """Whether nothing was taken over."""
    return not self.taken and not any(found for found, _ in self.words.values())


def vocabulary(tokenizer: Tokenizer) -> dict[str, int]:
  """The row of each word, or piece as `pieces` shows it, without the special ones."""
  first = len(SPECIAL)
  rows: dict[str, int] = {}
  for row, word in enumerate(tokenizer.pieces(range(first, tokenizer.size)), first):
    rows.setdefault(word, row)
  return rows


def untied(model: ConfigDict, flat: Mapping[str, Any]) -> dict[str, Any]:
  """Parameters with E_x and W_o also where they are the same table as E_y."""
  shared = {E_X: flat[E_Y]} if model.joint else {}
  return {**flat, **shared, **({W_O: flat[E_Y]} if model.tie else {})}


def transfer(
  ours: Flat,
  theirs: Flat,
  our_words: tuple[dict[str, int], dict[str, int]],
  their_words: tuple[dict[str, int], dict[str, int]],
) -> Report:
  """Writes their parameters, `untied`, into ours. Words are those of source and target."""
  report = Report(unused=[name for name in theirs if name not in ours])
  for name, array in ours.items():
    if name not in theirs:
      report.drawn.append(name)
      continue
    their = theirs[name]
    by_word = name in (E_X, E_Y, W_O, B_O)
    first = 1 if by_word else 0  # the axis from which on shapes have to agree
    if array.shape[first:] != their.shape[first:]:
      report.shapes[name] = array.shape, their.shape
    elif by_word:
      side = int(name != E_X)
      common = our_words[side].keys() & their_words[side].keys()
      report.words[name] = len(common), len(our_words[side])
      if common:
        array[: len(SPECIAL)] = their[: len(SPECIAL)]
      rows = [our_words[side][word] for word in common]
      array[rows] = their[[their_words[side][word] for word in common]]
    else:
      array[...] = their
      report.taken.append(name)
  return report
