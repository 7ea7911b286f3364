"""The loss along the line from A's parameters to B's: (1 - t) A + t B at evenly spaced t.

The barrier is the most by which the loss lies above the line between its two ends (Entezari et al.,
2022): near 0 where both are in one valley. The loss is in nats a target token, references forced,
on sentences of A's validation split.
"""

import argparse
import dataclasses
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from nmt.analysis.place import HELP, Place, place
from nmt.analysis.sentences import COUNT
from nmt.arguments import positive
from nmt.errors import UserError
from nmt.files import check_output


@dataclasses.dataclass(frozen=True)
class Line:
  """Losses at the points t, from 0 (A) to 1 (B); barrier: in nats a token, at least 0."""

  a: str
  b: str
  split: str
  sentences: int
  t: np.ndarray
  loss: np.ndarray
  barrier: float


def arguments(parser: argparse.ArgumentParser) -> None:
  """The options of this verb."""
  add = parser.add_argument
  add("a", metavar="A", help=HELP)
  add("b", metavar="B", help="likewise")
  add("--points", type=positive, default=11, help="ends included (default: 11)")
  add("--split", default="", help="the split (default: the one that validates)")
  add("--sentences", type=positive, default=COUNT, help=f"of it, evenly spaced (default: {COUNT})")
  add("--figure", type=Path, help="also draw it (.png or .pdf)")


def run(given: argparse.Namespace) -> Line:
  """Runs the verb as the command line asks for it."""
  if given.figure:
    from nmt.analysis.heatmap import check_path

    check_path(given.figure)
    check_output("--figure", given.figure)
  pair = place(given.a), place(given.b)
  found = interpolate(*pair, given.points, given.split, given.sentences)
  if given.figure:
    draw(given.figure, found)
  return found


def interpolate(
  a: Place, b: Place, points: int = 11, split: str = "", sentences: int = COUNT
) -> Line:
  """The losses at `points` points. UserError: A and B don't fit, or there are fewer than two."""
  import jax

  from nmt.analysis import made
  from nmt.analysis.sentences import encode, loss, sample

  if points < 2:
    raise UserError("--points=1: a line has two ends; give 2 or more")
  (_, one), (_, other) = made.named([a, b]).values()
  made.check({a.name: one, b.name: other})
  pairs = sample(one, split, sentences)
  ids = encode(one, pairs)
  at = np.linspace(0, 1, points)

  def between(t: float) -> float:
    mixed = jax.tree.map(lambda x, y: (x * (1 - t) + y * t).astype(x.dtype), *ends)
    return loss(one, ids, mixed)

  ends = jax.device_get(one.params), jax.device_get(other.params)
  found = np.array([between(float(t)) for t in at])
  split = split or one.config.data.valid
  return Line(a.name, b.name, split, len(pairs), at, found, barrier(at, found))


def barrier(t: np.ndarray, loss: np.ndarray) -> float:
  """max_t loss(t) - [(1 - t) loss(0) + t loss(1)]; the ends make it at least 0."""
  return float((loss - ((1 - t) * loss[0] + t * loss[-1])).max())


def show(console: Console, found: Line) -> None:
  """Prints a row for each point."""
  table = Table(box=box.SIMPLE)
  for header in ("t", "loss", "perplexity", "above the line"):
    table.add_column(header, justify="right")
  straight = (1 - found.t) * found.loss[0] + found.t * found.loss[-1]
  for t, loss, level in zip(found.t, found.loss, straight, strict=True):
    end = {0.0: " (A)", 1.0: " (B)"}.get(float(t), "")
    with np.errstate(over="ignore"):
      table.add_row(f"{t:.2f}{end}", f"{loss:.4f}", f"{np.exp(loss):.4g}", f"{loss - level:+.4f}")
  console.print(table)
  console.print(
    f"barrier {found.barrier:.4f} nats a token; {found.sentences} sentences of {found.split}",
    markup=False, highlight=False, soft_wrap=True,
  )  # fmt: skip


def draw(path: Path, found: Line) -> None:
  """Draws the losses over t, and the straight line between the ends that the barrier is above."""
  from matplotlib.figure import Figure

  from nmt.analysis.heatmap import save

  figure = Figure(figsize=(5, 3.2), dpi=160, facecolor="white", layout="constrained")
  axes = figure.subplots()
  axes.plot([0, 1], [found.loss[0], found.loss[-1]], "--", color="#bbbbbb", linewidth=1)
  axes.plot(found.t, found.loss, "o-", color="#0072B2", markersize=4, linewidth=1.4)
  style = {"color": "#1a1a1a", "fontsize": 9, "parse_math": False}
  axes.set_xlabel("t, in (1 - t) A + t B", **style)
  axes.set_ylabel("loss, nats a target token", **style)
  axes.set_title(f"barrier {found.barrier:.3f}", **style)
  axes.tick_params(labelsize=8, color="#bbbbbb")
  axes.spines[["top", "right"]].set_visible(False)
  save(figure, path)
