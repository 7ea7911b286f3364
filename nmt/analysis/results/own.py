"""Columns that a study's file adds: `columns(run)` gives numbers by name for a run's folder."""

import numbers
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nmt.analysis.results.means import mean
from nmt.analysis.results.table import Table
from nmt.errors import UserError, first_line
from nmt.launching.python_files import blaming, execute


def add(table: Table) -> None:
  """Runs the study's `columns` on all runs, if its file has one; a fault of it is a note."""
  path = table.study.file
  if path is None:
    return
  if not path.is_file():
    if table.study.points:
      table.notes.append(f"{path} is not there from here: columns of its own are not shown.")
    return
  try:
    with blaming(path):
      columns = getattr(execute(path), "columns", None)
      found = {} if columns is None else _found(table, columns)
  except UserError as e:
    table.notes.append(f"No columns of the study's own: {first_line(e)}")
    return
  names = dict.fromkeys(name for values in found.values() for name in values)
  for name in names:
    for row in table.rows:
      mean(row.values, name, [found[run.name].get(name) for run in row.runs.values()])
    table.own[name] = {run: values.get(name) for run, values in found.items()}


def _found(
  table: Table, columns: Callable[[Path], Mapping[str, Any]]
) -> dict[str, dict[str, float | None]]:
  """What `columns` says of each run, by its name; TypeError for what is no number."""
  known = {"n", *(name for row in table.rows for name in row.values)}
  found = {}
  for run in (run for row in table.rows for run in row.runs.values()):
    values = dict(columns(run.home))
    for name, value in values.items():
      if name in known:
        raise ValueError(f"the table has a column {name} of its own")
      if value is not None and not isinstance(value, numbers.Real):
        raise TypeError(f"{name} of {run.name} is no number: {value!r}")
    found[run.name] = {str(name): value for name, value in values.items()}
  return found
