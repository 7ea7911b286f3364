"""The parameters by part: shape, type, bytes, norm and spectrum, with subtotals.

The norm is Frobenius'. The spectrum of a matrix is shown by its largest singular values and its
effective rank (Roy and Vetterli, 2007: exp of the entropy of the singular values' shares), out of
the most that its shape allows. Matrices that are stored side by side (docs/weights.md) are taken
together.
"""

import argparse
import dataclasses

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nmt.analysis.place import HELP, Place, place
from nmt.analysis.spectrum import LARGEST, effective_rank, singular_values

COLUMNS = ("shape", "type", "numbers", "bytes", "norm")  # of `cells`


@dataclasses.dataclass(frozen=True)
class Row:
  """A parameter or a part, whose `name` ends in a dot and whose numbers are those of all in it.

  singular_values: the largest; effective_rank, full_rank: None unless it is a matrix.
  """

  name: str
  numbers: int
  bytes: int
  norm: float
  shape: tuple[int, ...] | None = None
  type: str = ""
  singular_values: tuple[float, ...] = ()
  effective_rank: float | None = None
  full_rank: int | None = None


def arguments(parser: argparse.ArgumentParser) -> None:
  """The options of this verb."""
  parser.add_argument("run", metavar="W", help=f"{HELP}; or a file of nmt.export")
  parser.add_argument("--no-spectrum", action="store_true", help="leave out the singular values")


def run(given: argparse.Namespace) -> list[Row]:
  """Runs the verb as the command line asks for it."""
  return tree(place(given.run), spectrum=not given.no_spectrum)


def tree(one: Place, spectrum: bool = True) -> list[Row]:
  """Every part, followed by what is in it; the first row, `.`, is all."""
  return rows(one.weights().arrays, spectrum)


def rows(arrays: dict[str, np.ndarray], spectrum: bool = True) -> list[Row]:
  """`tree` of parameters by name."""
  parts = {"."} | {
    name[: at + 1] for name in arrays for at, letter in enumerate(name) if letter == "."
  }
  found = []
  for name in sorted({*arrays, *parts}, key=_order):
    if name in arrays:
      found.append(_parameter(name, arrays[name], spectrum))
      continue
    within = [array for key, array in arrays.items() if name == "." or key.startswith(name)]
    norm = float(np.sqrt(sum(_square(array) for array in within)))
    found.append(Row(name, sum(x.size for x in within), sum(x.nbytes for x in within), norm))
  return found


def show(console: Console, found: list[Row]) -> None:
  """Prints the rows, parts in bold, each under the one that it is in."""
  table = Table(box=box.SIMPLE)
  table.add_column("part", overflow="fold")
  for header in (*COLUMNS, "largest singular values", "eff. rank"):
    table.add_column(header, justify="right")
  for row in found:
    depth = row.name.rstrip(".").count(".") + (row.name != ".")
    short = row.name.rstrip(".").rpartition(".")[2] or "all"
    rank = "" if row.effective_rank is None else f"{row.effective_rank:.1f} of {row.full_rank}"
    table.add_row(
      Text("  " * depth + short),
      *cells(row),
      " ".join(f"{value:.3g}" for value in row.singular_values),
      rank,
      style="bold" if row.shape is None else None,
    )
  console.print(table)


def cells(row: Row) -> list[str]:
  """A row under COLUMNS."""
  shape = "" if row.shape is None else " x ".join(map(str, row.shape))
  return [shape, row.type, f"{row.numbers:,}", size(row.bytes), f"{row.norm:.3g}"]


def size(count: int) -> str:
  """Bytes as people read them: 512 B, 3.4 KiB, 21.0 MiB."""
  if count < 1024:
    return f"{count} B"
  return f"{count / 2**10:.1f} KiB" if count < 2**20 else f"{count / 2**20:.1f} MiB"


def _order(name: str) -> tuple[str, ...]:
  """A part comes right before what is in it, and the whole before all."""
  return () if name == "." else tuple(name.rstrip(".").split("."))


def _parameter(name: str, array: np.ndarray, spectrum: bool) -> Row:
  values = singular_values(array) if spectrum else np.empty(0)
  norm = float(np.sqrt(_square(array)))
  shape = tuple(array.shape)
  if not len(values):
    return Row(name, array.size, array.nbytes, norm, shape, str(array.dtype))
  return Row(
    name, array.size, array.nbytes, norm, shape, str(array.dtype),
    tuple(values[:LARGEST].tolist()), effective_rank(values), min(shape),
  )  # fmt: skip


def _square(array: np.ndarray) -> float:
  wide = array.astype(np.float64).ravel()
  return float(wide @ wide)
