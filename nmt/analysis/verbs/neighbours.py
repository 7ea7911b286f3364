"""The words with the most similar vectors, by cosine.

Words are looked up among the source's and the target's, which have one table of vectors each. With
--side=across, a source word's vector is compared with the target's vectors: the tables were trained
for different ends, so that this means little unless they are one (model.joint).
"""

import argparse
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table as Shown
from rich.text import Text

from nmt.analysis.place import HELP, place
from nmt.analysis.vectors import SIDES, Table, nearest, tables
from nmt.arguments import positive
from nmt.errors import UserError
from nmt.errors import nearest as alike

COUNT = 10


def arguments(parser: argparse.ArgumentParser) -> None:
  """The options of this verb."""
  add = parser.add_argument
  add("run", metavar="W", help=HELP)
  add("words", metavar="WORD", nargs="+")
  add("--side", choices=("source", "target", "across"), help="(default: where a word is known)")
  add("--count", type=positive, default=COUNT, help=f"neighbours of each (default: {COUNT})")


def run(given: argparse.Namespace) -> list[dict[str, Any]]:
  """Runs the verb as the command line asks for it."""
  return neighbours(tables(place(given.run).load()), given.words, given.side, given.count)


def neighbours(
  known: dict[str, Table], words: Sequence[str], side: str | None = None, count: int = COUNT
) -> list[dict[str, Any]]:
  """{word, side, neighbours: [(word, cosine), ..]} of each word on each side that has it.

  UserError: a word is on no side that was asked for.
  """
  found = []
  for word in words:
    wanted = {None: SIDES, "across": ("source",)}.get(side, (side,))
    rows = {one: known[one].row(word) for one in wanted if one is not None}
    if all(row is None for row in rows.values()):
      every = [spelt.removeprefix("▁") for one in rows for spelt in known[one].words]
      where = " or ".join(f"the {one}'s" for one in rows)
      raise UserError(f"{word} is none of {where} words{alike(word, every)}")
    for one, row in rows.items():
      if row is not None:
        among = "target" if side == "across" else one
        vector_M = known[one].vectors_VxM[row]
        near = nearest(vector_M, known[among], count + 1)
        itself = None if side == "across" else known[one].words[row]
        kept = [two for two in near if two[0] != itself][:count]
        found.append({"word": word, "side": side or one, "neighbours": kept})
  return found


def show(console: Console, found: list[dict[str, Any]]) -> None:
  """Prints a column of neighbours for each word and side."""
  table = Shown(box=box.SIMPLE)
  for one in found:
    table.add_column(Text(f"{one['word']} ({one['side']})"), no_wrap=True)
  longest = max(len(one["neighbours"]) for one in found)
  for place_of in range(longest):
    cells = []
    for one in found:
      near = one["neighbours"]
      cells.append(f"{near[place_of][1]:.2f} {near[place_of][0]}" if place_of < len(near) else "")
    table.add_row(*map(Text, cells))
  console.print(table)
