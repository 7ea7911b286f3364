"""What do linear recurrences save, which have no product with a matrix from step to step?

Hypothesis: encoder and decoder train at least twice as fast as with the paper's GRU, an update of a
whole model less so, since readout and vocabulary stay what they are; and with the word first and no
feedback (update_first), where no step of the decoder waits for a look, the more so.

  python -m experiments.benchmarks.recurrences --lines results/recurrences.jsonl

states: forward and gradient of all states and contexts, the loss being the sum of the states that
the readout would see, without readout and vocabulary. update: a whole update. growth: `states` of
the small size and 16 sentences, for lengths up to 512. All kinds take turns in one process, and a
ratio is taken within each turn.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from experiments.benchmarks import lines, turns
from experiments.benchmarks.speed import sizes
from nmt import cli
from nmt.files import check_output
from nmt.launching.flags import override_by

GRU = "gru"
CELLS = (GRU, "lstm", "sru", "mingru", "minlstm", "ssru", "rglru")
ORDERS: dict[str, dict[str, Any]] = {
  "attend_first": {},
  "update_first": {"model.order.input_feeding": False},
}
GROWING = ("gru", "mingru")
LENGTHS = (32, 64, 128, 256, 512)
SENTENCES = 16  # where lengths grow
WORDS = 1000  # where there is no vocabulary to speak of
WHAT = ("states", "update", "growth")


def main(arguments: Sequence[str]) -> None:
  """Parses the command line, measures, prints and writes a line for each cell."""
  parser = argparse.ArgumentParser(
    prog="python -m experiments.benchmarks.recurrences",
    description=__doc__,
    formatter_class=argparse.RawTextHelpFormatter,
  )
  parser.add_argument("--lines", type=Path, help="a file to which lines of JSON are added")
  parser.add_argument("--what", nargs="+", choices=WHAT, default=list(WHAT))
  parser.add_argument("--size", nargs="+", choices=list(sizes.SIZES), default=["medium"])
  parser.add_argument("--cell", nargs="+", choices=CELLS, default=list(CELLS), help="beside gru")
  parser.add_argument("--order", nargs="+", choices=list(ORDERS), default=list(ORDERS))
  parser.add_argument("--turns", type=int, default=9, help="of all cells, after two to warm up")
  options = parser.parse_args(arguments)
  check_output("--lines", options.lines)
  if options.turns < 1:
    parser.error("--turns must be 1 or more")
  cells = [GRU, *(cell for cell in options.cell if cell != GRU)]
  found = lines.read(options.lines) if options.lines and options.lines.exists() else []
  for line in measured(options.what, options.size, cells, options.order, options.turns):
    found.append(line)
    show(line)
    if options.lines:
      lines.write(options.lines, found)


def measured(
  what: Sequence[str],
  names: Sequence[str],
  cells: Sequence[str],
  orders: Sequence[str],
  least: int,
) -> Iterator[lines.Line]:
  """The lines, a section after the other."""
  for order in orders:
    for name in names:
      for section in (one for one in what if one != "growth"):
        about: lines.Line = {"what": section, "size": name, "order": order}
        size = sizes.SIZES[name]
        make = states if section == "states" else update
        calls = {cell: make(size, cell, order, size.batch, sizes.FIXED) for cell in cells}
        yield from timed(calls, about, size.batch * sizes.FIXED, least)
    for length in LENGTHS if "growth" in what else ():
      size = sizes.SIZES["small"]
      about = {"what": "growth", "size": "small", "order": order, "length": length}
      calls = {cell: states(size, cell, order, SENTENCES, length) for cell in GROWING}
      yield from timed(calls, about, SENTENCES * length, least)


def timed(
  calls: dict[str, Callable[[], None]], about: lines.Line, tokens: int, least: int
) -> Iterator[lines.Line]:
  """A line for each cell: microseconds a target token, and how much faster than the GRU."""
  times = turns.take(calls, 0, least)
  for cell, own in times.items():
    yield about | {
      "cell": cell,
      "microseconds_a_token": {
        clock: lines.interval([1e6 * s / tokens for s in own[clock]]) for clock in turns.CLOCKS
      },
      "times_as_fast_as_gru": turns.speed(times, cell, GRU),
    }


def show(line: lines.Line) -> None:
  """One line for people."""
  faster = line["times_as_fast_as_gru"]
  about = " ".join(str(line[key]) for key in ("what", "size", "order", "length") if key in line)
  ratios = ", ".join(
    f"{faster[clock]['median']:.2f} [{faster[clock]['low']:.2f}, {faster[clock]['high']:.2f}]"
    f" by {clock}, {line['microseconds_a_token'][clock]['median']:.1f} us a token"
    for clock in turns.CLOCKS
  )
  print(f"{about} {line['cell']}: {ratios}", flush=True)


def config(size: sizes.Size, cell: str, order: str, changes: dict[str, Any]) -> ConfigDict:
  """A size's config with that cell and order."""
  kinds = {"model.cell.kind": cell, "model.order.kind": order, **ORDERS[order]}
  return override_by(sizes.config(size), kinds | changes)


def states(size: sizes.Size, cell: str, order: str, count: int, length: int) -> Callable[[], None]:
  """The gradient of the sum of the states that the linear readout hands on as they are."""
  import jax

  from experiments.benchmarks.programs import sentences
  from nmt import models

  changes = {"model.readout.kind": "linear"}
  if order == "attend_first":
    changes["model.order.state"] = "current"  # the last look matters too
  model = config(size, cell, order, changes).model
  params = models.init(model, WORDS, WORDS, 1)
  source, target = (sentences(count, length, WORDS, seed) for seed in (1, 2))

  @jax.jit
  def gradient(params: Any, source: Any, target: Any) -> Any:
    def loss(params: Any) -> Any:
      t = models.rebuild(model, WORDS, WORDS, params).features(source, target).t
      assert isinstance(t, jax.Array)
      return t.sum()

    return jax.grad(loss)(params)

  return lambda: jax.block_until_ready(gradient(params, source, target)) and None


def update(size: sizes.Size, cell: str, order: str, count: int, length: int) -> Callable[[], None]:
  """A whole update."""
  from experiments.benchmarks.programs import sentences, updating

  words = (size.vocabulary, size.vocabulary)
  source, target = (sentences(count, length, size.vocabulary, seed) for seed in (1, 2))
  return updating(config(size, cell, order, {}), words, source, target)


if __name__ == "__main__":
  cli.entry(main)
