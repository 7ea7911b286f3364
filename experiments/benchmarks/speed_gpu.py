"""How fast is the paper's training on one accelerator, and what of its kernels is used?

  python -m experiments.benchmarks.speed_gpu --lines results/speed_gpu.jsonl

times how XLA may launch what is in a loop, with bfloat16 products, then other precisions and larger
batches launched in the fastest way; checks gradients, profiles, and makes 5,000 updates in bfloat16
and in float32, to compare their losses: in under nine minutes, the most telling first. What there
was no time for is named. The file, a line a part after one of what they tell, is written after each
part.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.benchmarks import lines
from nmt import cli
from nmt.errors import UserError

PRECISIONS = ("bfloat16", "tf32", "float32")
# XLA_FLAGS: what may be captured into command buffers (CUDA graphs).
_KINDS = "FUSION,CUBLAS,CUBLASLT,CUSTOM_CALL,CUDNN,DYNAMIC_SLICE_FUSION"
LAUNCHES = {
  "as XLA likes": "",
  "one by one": "--xla_gpu_enable_command_buffer=",
  "loops captured": f"--xla_gpu_enable_command_buffer={_KINDS},CONDITIONAL,WHILE "
  "--xla_gpu_graph_min_graph_size=1",
}
PAPER = {"updates": 288_000, "hours": 111}  # RNNsearch-50 of Bahdanau et al. (2015), table 2


class Study:
  """The parts done so far, in the file, and the time left."""

  def __init__(self, options: argparse.Namespace):
    self.options = options
    self.until = time.monotonic() + 60 * options.minutes
    self.found: dict[str, Any] = {"size": options.size, "left out": [], "failed": []}
    self.parts: list[lines.Line] = []

  def left(self) -> float:
    """Seconds."""
    return self.until - time.monotonic()

  def part(self, launch: str, **task: Any) -> dict[str, Any] | None:
    """Does a task in a process of its own; None if it failed or there is no time."""
    name = " · ".join(str(value) for value in task.values()) + f" · {launch}"
    if self.left() < 20:
      self.found["left out"].append(name)
      return None
    flags = f"{os.environ.get('XLA_FLAGS', '')} {LAUNCHES[launch]}".strip()
    text = json.dumps(task | {"size": self.options.size})
    command = [sys.executable, "-m", "experiments.benchmarks.speed.accelerator", text]
    began = time.monotonic()
    try:
      done = subprocess.run(
        command,
        env=os.environ | {"XLA_FLAGS": flags},
        stdout=subprocess.PIPE,
        timeout=self.left(),
        check=True,
      )
    except subprocess.TimeoutExpired:
      self.found["left out"].append(name)
      return None
    except subprocess.CalledProcessError as e:  # what it wrote stands above
      self.found["failed"].append(f"{name}: exit code {e.returncode}")
      return None
    result = json.loads(done.stdout.splitlines()[-1])
    self.found |= {name: result.pop(name) for name in ("device", "jax")}
    part = {"task": task, "launch": launch, "seconds": time.monotonic() - began}
    self.parts.append(part | {"result": result})
    self.keep()
    print(f"{name}: {_line(result)}", flush=True)
    return result

  def keep(self) -> None:
    """Writes all there is."""
    if self.options.lines:
      lines.write(self.options.lines, [self.found, *self.parts])


def main(arguments: Sequence[str]) -> None:
  """Runs the study."""
  parser = argparse.ArgumentParser(
    prog="python -m experiments.benchmarks.speed_gpu",
    description=__doc__,
    formatter_class=argparse.RawTextHelpFormatter,
  )
  parser.add_argument("--lines", type=Path, help="a file for what was found, as JSON lines")
  parser.add_argument("--minutes", type=float, default=8.5, help="time for all of it")
  parser.add_argument("--size", default="paper", choices=["small", "medium", "paper"])
  parser.add_argument("--batches", type=int, nargs="+", default=[80, 1024])
  parser.add_argument("--length", type=int, default=50)
  parser.add_argument("--updates", type=int, default=30, help="in a round that is timed")
  parser.add_argument("--long", type=int, default=5_000, help="updates of the comparison of losses")
  options = parser.parse_args(arguments)
  study = Study(options)
  base, *larger = options.batches
  timed = {"length": options.length, "updates": options.updates, "rounds": 3}

  speeds: dict[str, float] = {}
  for launch in LAUNCHES:
    found = study.part(launch, task="fixed", precision=PRECISIONS[0], batch=base, **timed)
    if found:
      speeds[launch] = found["updates_a_second"]
  if not speeds:
    raise UserError(
      "; ".join(study.found["failed"]) or f"--minutes {options.minutes} is too little"
    )
  launch = max(speeds, key=lambda variant: speeds[variant])
  study.found["fastest"] = launch
  for precision in PRECISIONS[1:]:
    study.part(launch, task="fixed", precision=precision, batch=base, **timed)
  fast = {"precision": PRECISIONS[0]}
  for batch in larger:
    study.part(launch, task="fixed", **fast, batch=batch, **timed)
  study.part("as XLA likes", task="peak")
  study.part("as XLA likes", task="check", length=20)
  study.part(launch, task="profile", length=options.length, **fast, batch=base)

  half = study.left() / 3
  run, exact = (
    study.part(
      launch, task="long", updates=options.long, seconds=half, precision=precision, batch=base
    )
    for precision in (PRECISIONS[0], "float32")
  )
  if run:
    study.found["paper"] = _paper(run)
  if run and exact:
    study.found["losses"] = _losses(run["losses"], exact["losses"])
  study.part(launch, task="bucketed", updates=options.updates, rounds=3, **fast, batch=base)
  study.keep()
  print(json.dumps(study.found, indent=2))


def _paper(run: dict[str, Any]) -> dict[str, float]:
  """What the paper's updates would take at the speed that was measured."""
  hours = PAPER["updates"] * run["seconds_an_update"] / 3600
  return {
    "measured_updates": run["updates"],
    "measured_seconds_an_update": run["seconds_an_update"],
    "projected_minutes": 60 * hours,
    "times_faster_than_the_paper": PAPER["hours"] / hours,
  }


def _losses(ours: list[float], exact: list[float]) -> dict[str, float]:
  """How far apart two curves of losses a token are, each point a mean of a hundred updates."""
  gaps = [abs(a - b) for a, b in zip(ours, exact, strict=False)]
  return {"updates": 100 * len(gaps), "largest_gap": max(gaps), "last_gap": gaps[-1]}


def _line(result: dict[str, Any]) -> str:
  shown = {key: value for key, value in result.items() if isinstance(value, int | float)}
  return (
    " · ".join(f"{key.replace('_', ' ')} {value:.4g}" for key, value in shown.items()) or "done"
  )


if __name__ == "__main__":
  cli.entry(main)
