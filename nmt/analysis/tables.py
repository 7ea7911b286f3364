"""Rows of numbers as a table to read in a terminal."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text


def head(console: Console, line: str) -> None:
  """A line in bold above a table, whatever the table's width."""
  console.print(Text(line, style="bold"), soft_wrap=True)


def note(console: Console, line: str) -> None:
  """A faint line below a table, never wrapped."""
  console.print(Text(f"  {line}", style="dim"), soft_wrap=True)


def texts(console: Console, named: Sequence[tuple[str, str]]) -> None:
  """Texts below one another, after their names, each on one line however long it is."""
  wide = max(len(name) for name, _ in named)
  for name, text in named:
    line = Text(f"    {name:<{wide}}  ", style="dim")
    console.print(line.append(text, "not dim"), soft_wrap=True)


def numbers(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
  """A table whose cells are numbers, to the right."""
  table = Table(box=box.SIMPLE)
  for column in columns:
    table.add_column(Text(column), justify="right")
  for row in rows:
    table.add_row(*map(Text, row))
  return table


def number(value: Any, places: int = 2) -> str:
  """A number as a cell; `-` where there is none."""
  return "-" if value is None else f"{value:,.{places}f}"


def within(row: dict[str, Any], places: int = 2) -> str:
  """{score, low, high} as a cell: 31.20 [29.80, 32.70]."""
  if row["low"] is None:
    return number(row["score"], places)
  low, high = number(row["low"], places), number(row["high"], places)
  return f"{number(row['score'], places)} [{low}, {high}]"
