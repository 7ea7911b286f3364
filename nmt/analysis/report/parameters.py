"""The parameters of a few runs: the table of `nmt.analyze tree`, and Treescope's view of them."""

from collections.abc import Mapping
from typing import NamedTuple

from nmt.analysis.place import place
from nmt.analysis.report.grid import Grid
from nmt.analysis.report.unfolded import View, view
from nmt.analysis.verbs import tree
from nmt.errors import UserError
from nmt.workdir import Workdir


class Parameters(NamedTuple):
  """Those that a run translates with, after an update."""

  run: str
  update: int
  table: Grid
  view: View


def gather(homes: Mapping[str, Workdir], most: int) -> tuple[list[Parameters], list[str]]:
  """The parameters of all runs, if there are no more than `most`; and why runs have none."""
  found, reasons = [], []
  for name, home in homes.items() if len(homes) <= most else ():
    try:
      weights = place(str(home)).weights()
    except UserError as e:
      why = str(e).replace(f"workdir {home}", "it").replace(str(home), name)
      reasons.append(f"{name}: {why}")
      continue
    rows = tree.rows(weights.arrays, spectrum=False)  # singular values would take half a minute
    table = Grid(
      ["part", *tree.COLUMNS],
      [[row.name.rstrip(".") or "all", *tree.cells(row)] for row in rows],
      bold=frozenset(at for at, row in enumerate(rows) if row.shape is None),
    )
    found.append(Parameters(name, weights.update, table, view(weights.arrays)))
  return found, reasons
