"""Pairs of the Hansards with their word links, and where runs look in them: for aer.py."""

from collections.abc import Collection
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
  import numpy as np
  from jaxtyping import Float

  from nmt.evaluation.alignment import Link, Links

  Found = list[Collection[Link]]  # of each pair


def read(
  folder: Path,
) -> "tuple[list[list[str]], list[list[str]], list[Links], dict[tuple[str, str], list[Found]]]":
  """The words of both sides, gold links, and an aligner's links by its name and theirs."""
  from nmt.data import text_files
  from nmt.data.links import spaced
  from nmt.errors import UserError
  from nmt.evaluation import alignment

  if not folder.is_dir():
    raise UserError(f"{folder}: no such folder; it has to hold test.en, test.fr and gold.0idx")
  gold = alignment.read(folder / "gold.0idx")
  english, french = (
    [spaced(line) for line in text_files.lines(folder / f"test.{language}")]
    for language in ("en", "fr")
  )
  files: dict[tuple[str, str], list[Found]] = {}
  counts = {"test.en": len(english), "test.fr": len(french)}
  for file in sorted(folder.glob("*.*.talp")):
    links = [pair.possible for pair in alignment.read(file)]
    counts[file.name] = len(links)
    method, called = file.stem.split(".", 1)
    files[method, called] = [list(links)]
  for name, count in counts.items():
    if count != len(gold):
      raise UserError(f"{folder}: {name} has {count} lines, but gold.0idx has {len(gold)}")
  for number, (linked, e, f) in enumerate(zip(gold, english, french, strict=True), 1):
    where = f"{folder / 'gold.0idx'}, line {number}"
    alignment.check_range(linked, len(e), len(f), where)
  return english, french, gold, files


class Looked(NamedTuple):
  """Where a model looks in a pair; turned: it reads French. No weights: the pair is too long."""

  alpha_TxJ: "Float[np.ndarray, 'T J'] | None"
  log_probs_T: "Float[np.ndarray, ' T']"  # of the target's words; NaN of unknown ones
  turned: bool

  def links(self, method: str) -> "set[Link]":
    """(English word, French word)."""
    from nmt.evaluation import attention

    if self.alpha_TxJ is None:
      return set()
    return {self.turn(link) for link in attention.links(self.alpha_TxJ, method)}

  def turn(self, link: "Link") -> "Link":
    """(source, target) -> (English, French), and back."""
    return (link[1], link[0]) if self.turned else link


ByWeights = dict[str, dict[int, dict[str, list[Looked]]]]  # then by seed and direction


def looked(
  run: Path, english: list[list[str]], french: list[list[str]], turned: bool
) -> dict[str, list[Looked]]:
  """Of each pair, where a run looks when its target is forced: by alpha and by its posterior."""
  import numpy as np

  from nmt.data.ids import UNK
  from nmt.decoding import forced
  from nmt.evaluation import attention
  from nmt.loading import load, posterior

  trained = load(run)
  sides = (french, english) if turned else (english, french)
  pairs = [attention.pieces(trained, *pair) for pair in zip(*sides, strict=True)]
  ids = [pair.ids for pair in pairs]
  plain = list(forced.force(trained, ids))
  log_probs = [np.zeros(len(pair.target)) for pair in pairs]
  for log_probs_T, pair, one in zip(log_probs, pairs, plain, strict=True):
    if one is not None:
      known_T = np.where(np.array(pair.ids[1], int) == UNK, np.nan, one.log_probs_T[:-1])
      np.add.at(log_probs_T, pair.target_owner, known_T)
  return {
    weights: [
      Looked(pair.aligned(one).alpha_TxJ, log_probs_T, turned)
      for pair, one, log_probs_T in zip(pairs, several, log_probs, strict=True)
    ]
    for weights, several in {
      "alpha": plain,
      "posterior": forced.force(posterior(trained), ids),
    }.items()
  }


def of_attention(found: ByWeights) -> "dict[tuple[str, str], list[Found]]":
  """By method and direction, or rule that puts both together, the links of each seed."""
  from nmt.evaluation import alignment, symmetrisation

  groups: dict[tuple[str, str], list[Found]] = {}
  for weights, method in product(found, alignment.METHODS):
    for directions in found[weights].values():
      named: dict[str, Found] = {
        way: [pair.links(method) for pair in pairs] for way, pairs in directions.items()
      }
      if len(named) == 2:
        both = list(zip(*named.values(), strict=True))
        for rule, combine in symmetrisation.RULES.items():
          named[rule] = [combine(*pair) for pair in both]
      for called, links in named.items():
        groups.setdefault((f"{weights}, {method}", called), []).append(links)
  return groups
