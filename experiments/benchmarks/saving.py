"""What do checkpoints cost, which are written while the training goes on?

Hypothesis: less than 3 % of the time of the updates, with a save every hundred updates.

  python -m experiments.benchmarks.saving --lines results/saving.jsonl

Some updates with a save among them, until it is on disk, and as many without one take turns; what
they differ by, within a turn, is a save, deleting an older checkpoint and hashing all files
included. A line has the seconds of an update, of a save, of the part of it that the training waits
for, and the share that saves have of the time where one is made every hundred updates. The second
line: what is read and hashed once, as a run goes on.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from experiments.benchmarks import lines, turns
from experiments.benchmarks.speed import sizes
from nmt import cli, digests
from nmt.files import check_output

EVERY = 100  # updates
READS = 5


def main(arguments: Sequence[str]) -> None:
  """Parses the command line, measures, prints and writes two lines."""
  parser = argparse.ArgumentParser(
    prog="python -m experiments.benchmarks.saving",
    description=__doc__,
    formatter_class=argparse.RawTextHelpFormatter,
  )
  parser.add_argument("--lines", type=Path, help="a file for what was found, as JSON lines")
  parser.add_argument("--size", choices=list(sizes.SIZES), default="medium")
  parser.add_argument("--length", type=int, default=sizes.FIXED, help="tokens a side")
  parser.add_argument("--updates", type=int, default=5, help="in a turn")
  parser.add_argument("--turns", type=int, default=9, help="after two to warm up")
  parser.add_argument("--folder", type=Path, help="where checkpoints are written")
  options = parser.parse_args(arguments)
  check_output("--lines", options.lines)
  with tempfile.TemporaryDirectory(dir=options.folder) as place:
    found = measure(
      sizes.SIZES[options.size], options.length, options.updates, options.turns, Path(place)
    )
  for line in found:
    print(json.dumps(lines.short(line)))
  if options.lines:
    lines.write(options.lines, found)


def measure(size: sizes.Size, length: int, updates: int, least: int, place: Path) -> list[Any]:
  """The two lines."""
  import jax

  from experiments.benchmarks.programs import sentences
  from nmt.training import sharding, step
  from nmt.training.checkpoints import Checkpoints
  from nmt.training.objectives.base import Rows
  from nmt.training.progress import Progress

  config = sizes.config(size)
  config.train.ema = 0.999
  mesh = sharding.build(config.mesh)
  program = step.build(config, size.vocabulary, size.vocabulary, mesh)
  sides = [sentences(size.batch, length, size.vocabulary, seed) for seed in (1, 2)]
  rows = [Rows(*(sharding.place(mesh, side) for side in sides))]
  state, progress, waited = program.create(), Progress(1), []

  def update() -> None:
    nonlocal state
    state, results = program.update(state, rows, 1.0)
    progress.update += 1
    jax.block_until_ready(results["loss"])

  with Checkpoints(place / "checkpoints", config.valid.keep) as checkpoints:

    def plain() -> None:
      for _ in range(updates):
        update()

    def saved() -> None:
      update()
      began = time.perf_counter()
      checkpoints.save(state, progress)
      waited.append(time.perf_counter() - began)
      for _ in range(updates - 1):
        update()
      checkpoints.last()  # once it is on disk

    times = turns.take({"plain": plain, "saved": saved}, 0, least)
    newest = checkpoints.folder / str(checkpoints.last())
    restored = timed(lambda: checkpoints.restore(program.abstract))
  hashed = timed(lambda: digests.record(newest))
  verified = timed(lambda: digests.verify(newest))
  size_mb = sum(path.stat().st_size for path in newest.rglob("*") if path.is_file()) / 1e6
  line: dict[str, Any] = {"size": size.name, "length": length, "megabytes": size_mb}
  for clock in turns.CLOCKS:
    pairs = list(zip(times["saved"][clock], times["plain"][clock], strict=True))
    one = [plain / updates for _, plain in pairs]
    save = [saved - plain for saved, plain in pairs]
    line[clock] = {
      "seconds_an_update": lines.interval(one),
      "seconds_a_save": lines.interval(save),
      "share_of_time": lines.interval([s / (EVERY * u) for s, u in zip(save, one, strict=True)]),
    }
  line["seconds_waited"] = lines.interval(waited[2:])
  line |= {"updates_between_saves": EVERY, "turns": least}
  return [line, {"restore": restored, "hash": hashed, "verify": verified}]


def timed(call: Callable[[], object]) -> dict[str, Any]:
  """Seconds of a call, by clock."""
  found: dict[str, list[float]] = {clock: [] for clock in turns.CLOCKS}
  for _ in range(READS):
    began = {clock: now() for clock, now in turns.CLOCKS.items()}
    call()
    for clock, now in turns.CLOCKS.items():
      found[clock].append(now() - began[clock])
  return {clock: lines.interval(seconds) for clock, seconds in found.items()}


if __name__ == "__main__":
  cli.entry(main)
