"""Is anything lost when runs are killed, paused, damaged or out of room, at random moments?

Hypothesis: nothing. A run that was struck ends, once it is started again, with the bytes of one
that was not: parameters, optimizer and averaged weights, each line of metrics but its timing, and
translations and scores of the test. Updates since the last checkpoint are made again and count as
no loss. A loss is another result, a run that can't be started again or whose state can't be read,
and damage that is not said.

  python -m experiments.benchmarks.faults --faults 200 --lines faults.jsonl

injects them into tiny runs, several in each, until so many have struck. A line of the file is a
run: its faults, each with the moment and the file where it struck, how often it was started, and
what was lost; the last line adds up all that the file has. Given the same file again, it goes on;
with other seeds, several may be at work at once. For a full disk it has to mount a small one (as
root on Linux); where it can't, it says so and leaves that kind out.
"""

import argparse
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jax

from experiments.benchmarks.faults import workers
from experiments.benchmarks.faults.kinds import KINDS, Run
from experiments.benchmarks.lines import Line, append, begun, write
from nmt import cli, loading
from nmt import config as config_lib
from nmt.analysis import heatmap  # noqa: F401 - once, and not in each worker
from nmt.data.pipeline import load_tokenizers
from nmt.exit_codes import DONE
from nmt.training import checkpoints, sharding, step
from nmt.workdir import Workdir

A_RUN = 5  # faults that a run is to have


def main(arguments: Sequence[str]) -> int:
  """Parses the command line, injects faults, prints and writes; 1 if anything was lost."""
  parser = argparse.ArgumentParser(
    prog="python -m experiments.benchmarks.faults",
    description=__doc__,
    formatter_class=argparse.RawTextHelpFormatter,
  )
  parser.add_argument("--faults", type=int, default=200, help="how many have to strike")
  parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), metavar="KIND")
  parser.add_argument("--seed", type=int, default=1)
  parser.add_argument("--lines", type=Path, help="a file for what was found, as JSON lines")
  options = parser.parse_args(arguments)
  signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # and clean up
  known = recorded(options.lines, options.seed)
  with tempfile.TemporaryDirectory() as place:
    disk = small_disk(Path(place) / "disk")
    try:
      chosen = [kind for kind in options.kinds if disk or kind != "full disk"]
      if len(chosen) < len(options.kinds):
        print("no disk can be mounted here: left out is full disk", file=sys.stderr)
      for line in study(Path(place), disk, chosen, options.faults, options.seed, known):
        print(json.dumps(line), flush=True)
        known.append(line)
        if options.lines:
          append(options.lines, line)
    finally:
      if disk:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
  every = recorded(options.lines) or known
  total = summary(every)
  print(json.dumps(total))
  if options.lines:
    write(options.lines, [*every, total])
  return 1 if total["lost"] else DONE


def recorded(path: Path | None, seed: int | None = None) -> list[Line]:
  """The runs that a file has, of this seed or of all."""
  found = begun(path) if path else []
  return [line for line in found if "run" in line and seed in (None, line["seed"])]


def study(
  place: Path, disk: Path | None, chosen: list[str], count: int, seed: int, known: list[Line]
) -> Iterator[Line]:
  """A line for each run but those known."""
  workers.share(os.environ.get("JAX_COMPILATION_CACHE_DIR") or str(place / "programs"))
  calm = Workdir(place / "calm")
  found = list(known)
  workers.configure(calm, place / "cache")
  run = Run(calm, place / "calm.log", random.Random(seed), disk)
  run.start()
  run.end((DONE,))
  expected = result(calm, run.log)
  while sum(len(line["faults"]) for line in found) < count:
    number = len(found) + 1
    home = Workdir((disk or place) / f"run{number}")
    workers.configure(home, place / "cache")
    log = place / f"run{number}.log"
    run = Run(home, log, random.Random(f"{seed}/{number}"), disk)
    left = count - sum(len(line["faults"]) for line in found)
    struck = strike(run, deal(chosen, seed, number)[:left])
    ended = result(home, log)
    lost = run.lost + [f"{name} differs" for name, x in ended.items() if x != expected[name]]
    line = {"seed": seed, "run": number, "faults": struck, "starts": run.starts, "lost": lost}
    found.append(line)
    shutil.rmtree(home.path)
    if lost:
      print(log.read_text(errors="replace")[-5000:], file=sys.stderr)
    yield line


def deal(chosen: list[str], seed: int, number: int) -> list[str]:
  """The kinds of faults of a run; over all runs each comes about equally often."""
  dealt: list[str] = []
  for deck in range((A_RUN * number - 1) // len(chosen) + 1):
    cards = list(chosen)
    random.Random(f"{seed}/{deck}").shuffle(cards)
    dealt += cards
  return dealt[A_RUN * (number - 1) : A_RUN * number]


def strike(run: Run, dealt: list[str]) -> list[str]:
  """Injects faults, and then lets the run end; returns those that struck, with the moment."""
  struck = []
  for kind in dealt:
    moment = KINDS[kind](run)
    if moment is not None:
      struck.append(f"{kind}: {moment}")
    if run.worker is not None and run.worker.ended():
      run.end((DONE,))
    if run.home.read_status().get("state") == "done":
      break
  run.start()
  run.end((DONE,))
  return struck


def result(home: Workdir, log: Path) -> dict[str, Any]:
  """Hashes of all that a run ends with."""
  path = log.with_suffix(".arrays")
  process = workers.Process(lambda: arrays(home, path), log)
  process.wait()
  test = {p.name: p.read_text() for p in sorted(home.test.glob("test.[!p]*"))}
  rows = home.metrics.read_text().splitlines() if home.metrics.exists() else []
  lines = [{k: v for k, v in json.loads(row).items() if k != "timing"} for row in rows]
  return {
    "state": path.read_text() if path.exists() else None,
    "metrics": sha256(json.dumps(lines).encode()),
    "test": {name: re.sub('"seconds_.*', "", text) for name, text in test.items()},
  }


def arrays(home: Workdir, path: Path) -> None:
  """Writes the hashes of a run's last arrays."""
  config = config_lib.load(home.config)
  source, target = load_tokenizers(home.tokenizers, config.data.normalize)
  mesh = sharding.build(config.mesh)
  abstract = step.build(config, source.size, target.size, mesh).abstract
  found = {}
  for name in ("params", "optimizer", "average"):
    tree, update = checkpoints.load(home.checkpoints, "last", name, abstract[name])
    leaves = jax.device_get(jax.tree.leaves(tree))
    found[name] = [update, sha256(b"".join(leaf.tobytes() for leaf in leaves))]
  found["best"] = [loading.load(home).update]
  path.write_text(json.dumps(found))


def sha256(content: bytes) -> str:
  return hashlib.sha256(content).hexdigest()


def summary(found: list[Line]) -> Line:
  """What all runs come to."""
  struck = [fault for line in found for fault in line["faults"]]
  return {
    "faults": len(struck),
    "kinds": dict(sorted(Counter(fault.partition(":")[0] for fault in struck).items())),
    "runs": len(found),
    "starts": sum(line["starts"] for line in found),
    "lost": sum(len(line["lost"]) for line in found),
  }


def small_disk(place: Path) -> Path | None:
  """A file system of 64 MB; None if none can be mounted."""
  place.mkdir()
  command = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)]
  if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
    return None
  return place


if __name__ == "__main__":
  cli.entry(main)
