"""The numbers of every parameter: mean, deviation, range, zeros, and how far from where it began.

`share` is a parameter's part of the squared norm of all. `drawn` is the deviation with which the
run's seed draws it, and `moved` is norm(now - drawn) / norm(drawn): both only where the vocabulary
and model still draw alike, and for a run that began with other parameters (train.start) `moved` is
left out. A dash is what is not known or does not exist.
"""

import argparse
import dataclasses

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nmt.analysis.place import HELP, Weights, place


@dataclasses.dataclass(frozen=True)
class Stat:
  """Of one parameter. zeros: their share. drawn: its deviation as drawn; None: not known."""

  name: str
  mean: float
  deviation: float
  low: float
  high: float
  zeros: float
  share: float
  drawn: float | None
  moved: float | None


def arguments(parser: argparse.ArgumentParser) -> None:
  """The options of this verb."""
  parser.add_argument("run", metavar="W", help=f"{HELP}; or a file of nmt.export")


def run(given: argparse.Namespace) -> list[Stat]:
  """Runs the verb as the command line asks for it."""
  return stat(place(given.run).weights())


def stat(weights: Weights) -> list[Stat]:
  """The numbers of each parameter, in the order of their names."""
  wide = {name: array.astype(np.float64) for name, array in weights.arrays.items()}
  total = sum(float(array.ravel() @ array.ravel()) for array in wide.values())
  first = weights.drawn()
  start = weights.config.train.start
  other = bool(start.run or start.source_vectors or start.target_vectors)
  return [_stat(name, array, total, first.get(name), other) for name, array in sorted(wide.items())]


def show(console: Console, found: list[Stat]) -> None:
  """Prints a row for each parameter."""
  table = Table(box=box.SIMPLE)
  table.add_column("parameter", overflow="fold")
  for header in ("mean", "deviation", "min", "max", "zeros", "share", "drawn", "moved"):
    table.add_column(header, justify="right")
  for one in found:
    table.add_row(
      Text(one.name),
      f"{one.mean:.2g}",
      f"{one.deviation:.3g}",
      f"{one.low:.3g}",
      f"{one.high:.3g}",
      f"{one.zeros:.1%}",
      f"{one.share:.1%}",
      "-" if one.drawn is None else f"{one.drawn:.3g}",
      "-" if one.moved is None else f"{one.moved:.3g}",
    )
  console.print(table)


def _stat(
  name: str, array: np.ndarray, total: float, first: np.ndarray | None, other: bool
) -> Stat:
  flat = array.ravel()
  drawn = moved = None
  if first is not None:
    began = first.astype(np.float64).ravel()
    drawn = float(began.std())
    length = float(np.linalg.norm(began))
    if length and not other:
      moved = float(np.linalg.norm(flat - began)) / length
  return Stat(
    name,
    mean=float(flat.mean()),
    deviation=float(flat.std()),
    low=float(flat.min()),
    high=float(flat.max()),
    zeros=float((flat == 0).mean()),
    share=float(flat @ flat) / total if total else 0.0,
    drawn=drawn,
    moved=moved,
  )
