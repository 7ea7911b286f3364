"""Measures speed and memory, beside other systems if asked to.

  python -m experiments.benchmarks.speed --against=torch,joeynmt --lines speed.jsonl

What is measured (--what): train, greedy, beam, memory (all beside the peers), input, startup.
A section is shown, and the files written, as soon as it is done. Use an otherwise idle machine.
"""

import argparse
import os
import platform
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from experiments.benchmarks import lines
from experiments.benchmarks.speed import (
  feeding,
  flops,
  measurements,
  report,
  rounds,
  startup,
  workloads,
)
from experiments.benchmarks.speed.sentences import Sentences, drawn, measured
from experiments.benchmarks.speed.sizes import FIXED, SIZES, Size
from experiments.benchmarks.speed.workers import SYSTEMS, started
from nmt import cli
from nmt.files import check_output, write_json

WHAT = ("train", "greedy", "beam", "memory", "input", "startup")
BEAM = 5
DIFFERENCES = {
  "nmt": "the paper's model, float32, one program a shape",
  "pure": "nmt's model and batches without modules, in functions of arrays; only trains",
  "torch": "the same model but for the GRU, which resets after the product (same cost); eager",
  "joeynmt": (
    "its own recurrent model: input feeding, attention vector instead of maxout, attention after "
    "the cell, no output bias; more FLOPs than ours, see joeynmt_flops"
  ),
}


def main(arguments: Sequence[str]) -> None:
  """Parses the command line and measures."""
  parser = argparse.ArgumentParser(
    prog="python -m experiments.benchmarks.speed",
    description=__doc__,
    formatter_class=argparse.RawTextHelpFormatter,
  )
  peers = tuple(name for name in SYSTEMS if name != rounds.OURS)
  parser.add_argument("--against", type=_some(peers), default=[], help=",".join(peers))
  parser.add_argument("--size", type=_some(SIZES), default=["small", "medium"])
  parser.add_argument("--what", type=_some(WHAT), default=list(WHAT))
  parser.add_argument("--rounds", type=int, default=5)
  parser.add_argument("--folder", type=Path, help="text to take lengths, and input, from")
  parser.add_argument("--source", default="en", help="its languages: train.en[.gz], ...")
  parser.add_argument("--target", default="fr")
  parser.add_argument("--lines", type=Path, help="a file for medians and intervals, as JSON lines")
  parser.add_argument("--rounds-file", type=Path, help="a file for every round, as JSON")
  options = parser.parse_args(arguments)
  check_output("--lines", options.lines)
  check_output("--rounds-file", options.rounds_file)
  if options.rounds < 1:
    parser.error("--rounds must be 1 or more")
  if "pure" in options.against and {"greedy", "beam"} & set(options.what):
    parser.error("pure does not search: give --what=train")

  languages = options.source, options.target
  lengths = measured(options.folder, languages) if options.folder else drawn()
  results = Results(options.lines, options.rounds_file, lengths, options.folder)
  for name in options.size:
    size = SIZES[name]
    for task in tasks(size, lengths, options.what, options.rounds):
      results.add(section([rounds.OURS, *options.against], task, options.rounds, results.say))
  if "input" in options.what:
    results.say("input: learns subwords, then tokenises and trains")
    found = feeding.measure(SIZES["small"], options.folder, languages)
    results.add({"what": "input", "size": "small", "found": found})
  if "startup" in options.what:
    results.say("startup: three starts of nmt.train")
    results.add({"what": "startup", "found": startup.measure()})


def tasks(size: Size, lengths: np.ndarray, what: Sequence[str], count: int):
  """The tasks of a size, made one at a time."""
  store = Sentences(lengths, size.vocabulary)
  if "train" in what:
    yield workloads.Fixed(size)
    yield workloads.Realistic(size, store, workloads.windows(size, store, count))
  if "greedy" in what:
    yield workloads.Search(size, store, 1)
  if "beam" in what:
    yield workloads.Search(size, store, BEAM)
  if "memory" in what:
    yield workloads.Long(size)


def section(
  names: Sequence[str], task: workloads.Task, count: int, say: Callable[[str], None]
) -> dict[str, Any]:
  """One task, measured in rounds of all systems."""
  title = f"{task.what} {task.size.name} {task.name}"
  count = 1 if task.what == "memory" else count
  with started(names) as workers:
    found = rounds.interleave(workers, task, count, lambda text: say(f"{title} · {text}"))
  cost = flops.joeynmt(task.size, FIXED, FIXED) / flops.training(task.size, FIXED, FIXED)
  return rounds.summary(task, *found) | {"joeynmt_flops": cost}


class Results:
  """What was measured so far: shown, and in the files that were asked for."""

  def __init__(
    self,
    path: Path | None,
    rounds_path: Path | None,
    lengths: np.ndarray,
    folder: Path | None,
  ):
    self.path, self.rounds_path = path, rounds_path
    self.console = cli.console()
    self.progress = cli.console(stderr=True)
    self.sections: list[dict[str, Any]] = []
    self.conditions: dict[str, Any] = {
      "machine": machine(),
      "lengths": {
        "from": "the folder's text" if folder else "drawn: gamma, up to 50 tokens",
        "pairs": len(lengths),
        "mean source": float(lengths[:, 0].mean()),
        "mean target": float(lengths[:, 1].mean()),
      },
      "differences": DIFFERENCES,
    }

  def say(self, text: str) -> None:
    """What is going on."""
    self.progress.print(f"[dim]{text}[/dim]", highlight=False)

  def add(self, section: dict[str, Any]) -> None:
    """Shows a section and keeps it."""
    self.sections.append(section)
    report.show(section, self.console)
    if self.path:
      measured = [line for one in self.sections for line in measurements.lines(one)]
      lines.write(self.path, [self.conditions, *measured])
    if self.rounds_path:
      write_json(self.rounds_path, self.conditions | {"sections": self.sections})


def machine() -> dict[str, Any]:
  """Processor, cores and versions."""
  versions: dict[str, str | None] = {}
  for package in ("jax", "jaxlib", "numpy", "torch", "joeynmt"):
    try:
      versions[package] = metadata.version(package)
    except metadata.PackageNotFoundError:
      versions[package] = None
  models = [
    line.split(":", 1)[1].strip()
    for line in Path("/proc/cpuinfo").read_text().splitlines()
    if line.startswith("model name")
  ]
  return {
    "processor": models[0] if models else platform.machine(),
    "cores": len(os.sched_getaffinity(0)),
    "python": platform.python_version(),
    "versions": versions,
  }


def _some(known: Sequence[str] | dict[str, Any]) -> Callable[[str], list[str]]:
  """A list of known names, separated by commas."""

  def parse(text: str) -> list[str]:
    names = [name for name in text.split(",") if name]
    for name in names:
      if name not in known:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(known)}")
    return names

  return parse


if __name__ == "__main__":
  cli.entry(main)
