"""A part of A in the place of B's: a new run with B's config, tested on its test splits.

A part is a parameter's name or what such names begin with (python -m nmt.analyze tree lists them):
encoder, decoder.attention, decoder.readout.W_o, or all. It has to be alike in both, for the same
words where it has a row a word.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from nmt.analysis import made
from nmt.analysis.made import Made, show
from nmt.analysis.place import HELP, Place, place, weights_of
from nmt.errors import UserError, nearest

__all__ = ["arguments", "run", "show", "swap"]


def arguments(parser: argparse.ArgumentParser) -> None:
  """The options of this verb."""
  add = parser.add_argument
  add("a", metavar="A", help=HELP)
  add("b", metavar="B", help="likewise; gets the part")
  add("--part", required=True, help="what of A: encoder, or several: encoder,decoder.attention")
  add("-o", "--out", metavar="NEW", type=Path, required=True, help="the new run's folder")
  add("--no-score", action="store_true", help="don't translate the test splits")


def run(given: argparse.Namespace) -> Made:
  """Runs the verb as the command line asks for it."""
  parts = given.part.split(",")
  return swap(place(given.a), place(given.b), parts, given.out, score=not given.no_score)


def swap(a: Place, b: Place, parts: Sequence[str], new: Path, score: bool = True) -> Made:
  """Makes the run `new`. UserError: it is there already, or the part is not alike in both."""
  made.vacant(new)
  runs = made.named([a, b])
  (_, one), (_, other) = runs.values()
  mine, theirs = weights_of(one).arrays, weights_of(other).arrays
  taken = within(parts, list(mine))
  made.check({a.name: one, b.name: other}, taken)
  arrays = theirs | {name: mine[name] for name in taken}
  made_of = {
    "verb": "swap",
    "parts": list(parts),
    "of": [made.source(*pair) for pair in runs.values()],
  }
  found = made.make(new, b, other, arrays, made_of)
  bleu = made.score(new, found, runs) if score else {}
  return Made(str(new), found.update, made_of, bleu)


def within(parts: Sequence[str], names: Sequence[str]) -> list[str]:
  """The parameters that these parts name; UserError for a part that there is not."""
  known = {name[:at] for name in names for at in range(len(name)) if name[at] == "."} | set(names)
  for part in parts:
    if part != "all" and part not in known:
      raise UserError(f"--part={part}: A has no such part{nearest(part, known)}")
  return [
    name
    for name in names
    if any(part == "all" or name == part or name.startswith(f"{part}.") for part in parts)
  ]
