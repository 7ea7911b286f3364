"""Columns that a study's file adds: `columns(run)` gives numbers by name for a run's folder."""

import numbers
import runpy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nmt.analysis.results.means import mean
from nmt.analysis.results.table import Table
from nmt.errors import first_line


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
    columns = runpy.run_path(str(path)).get("columns")
    found = {} if columns is None else _found(table, columns)
  except (Exception, SystemExit) as e:  # of a file that is not ours
    table.notes.append(f"{path}: no columns of its own: {type(e).__name__}: {first_line(e)}")
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
