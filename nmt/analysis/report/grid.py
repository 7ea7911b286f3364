"""A table of texts as the page shows it."""

from collections.abc import Iterable
from typing import NamedTuple


class Grid(NamedTuple):
  """Columns and rows of texts, the first of each row being its name.

  texts: how many columns from the left are words; the others are numbers, to the right.
  places: what a pointer finds each row by, in the units of a chart's x axis; None for no chart.
  bold: the places of rows that stand out.
  """

  columns: list[str]
  rows: list[list[str]]
  texts: int = 1
  places: list[float] | None = None
  bold: frozenset[int] = frozenset()


def listed(names: Iterable[str], most: int = 4) -> str:
  """A few names, and how many more there are."""
  every = list(names)
  more = f" and {len(every) - most} more" if len(every) > most else ""
  return ", ".join(every[:most]) + more
