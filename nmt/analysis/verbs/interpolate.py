"""The loss along the line from A's parameters to B's: (1 - t) A + t B at evenly spaced t.

The barrier is the most by which the loss lies above the line between its two ends (Entezari et al.,
2022): near 0 where both are in one valley. The loss is in nats a target token, references forced,
on sentences of A's validation split.
"""

import argparse
import dataclasses
from pathlib import Path

import numpy as np
from rich.console import Console

from nmt.analysis import style, tables, translated
from nmt.analysis.losses import SENTENCES
from nmt.analysis.place import HELP, Place, place
from nmt.arguments import positive
from nmt.errors import UserError


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
  add(
    "--sentences",
    type=positive,
    default=SENTENCES,
    help=f"of it, evenly spaced (default: {SENTENCES})",
  )
  add("--figure", type=Path, help=style.HELP)


def run(given: argparse.Namespace) -> Line:
  """Runs the verb as the command line asks for it."""
  translated.check_figure(given)
  pair = place(given.a), place(given.b)
  found = interpolate(*pair, given.points, given.split, given.sentences)
  if given.figure:
    draw(given.figure, found)
  return found


def interpolate(
  a: Place, b: Place, points: int = 11, split: str = "", sentences: int = SENTENCES
) -> Line:
  """The losses at `points` points. UserError: A and B don't fit, or there are fewer than two."""
  import jax

  from nmt.analysis import made
  from nmt.analysis.losses import loss

  if points < 2:
    raise UserError("--points=1: a line has two ends; give 2 or more")
  (_, one), (_, other) = made.named([a, b]).values()
  made.check({a.name: one, b.name: other})
  sample = translated.sample(one, split or one.config.data.valid, sentences)
  ids = sample.encoded()
  at = np.linspace(0, 1, points)

  def between(t: float) -> float:
    mixed = jax.tree.map(lambda x, y: (x * (1 - t) + y * t).astype(x.dtype), *ends)
    return loss(one, ids, mixed)

  ends = jax.device_get(one.params), jax.device_get(other.params)
  found = np.array([between(float(t)) for t in at])
  return Line(a.name, b.name, sample.split, len(ids), at, found, barrier(at, found))


def barrier(t: np.ndarray, loss: np.ndarray) -> float:
  """max_t loss(t) - [(1 - t) loss(0) + t loss(1)]; the ends make it at least 0."""
  return float((loss - ((1 - t) * loss[0] + t * loss[-1])).max())


def show(console: Console, found: Line) -> None:
  """Prints a row for each point."""
  straight = (1 - found.t) * found.loss[0] + found.t * found.loss[-1]
  ends = {0.0: " (A)", 1.0: " (B)"}
  rows = []
  for t, loss, level in zip(found.t, found.loss, straight, strict=True):
    with np.errstate(over="ignore"):
      perplexity = f"{np.exp(loss):.4g}"
    end = ends.get(float(t), "")
    rows.append([f"{t:.2f}{end}", f"{loss:.4f}", perplexity, f"{loss - level:+.4f}"])
  console.print(tables.numbers(["t", "loss", "perplexity", "above the line"], rows))
  tables.note(
    console,
    f"barrier {found.barrier:.4f} nats a token; {found.sentences} sentences of {found.split}",
  )


def draw(path: Path, found: Line) -> None:
  """Draws the losses over t, and the straight line between the ends that the barrier is above."""
  figure, (panel,) = style.panels(1, width=4.5)
  panel.plot([0, 1], found.loss[[0, -1]], "--", color=style.FAINT, linewidth=1)
  panel.plot(found.t, found.loss, "o-", color=style.BLUE, markersize=4, linewidth=1.4)
  title = f"barrier {found.barrier:.3f}"
  style.dress(panel, "t, in (1 - t) A + t B", "loss, nats a target token", title)
  style.save(figure, path)
