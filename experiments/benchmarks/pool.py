"""Do workers of a pool run each run of a list once, and leave none?

Hypothesis: they do, on a disk with locks, on one without, where each worker is on a machine of its
own and leases alone say who has what, and also if workers are killed on the way. Where none is
killed, it takes little longer than runs x seconds / workers.

  python -m experiments.benchmarks.pool --lines pool.jsonl

Runs only sleep. A disk without locks and several machines are pretended: flock fails, and each
worker takes itself to be under another kernel. Leases are renewed every half a second there and are
stale after ten, instead of 5 and 60. The last line is about a list that is done. With --mounts, one
more line is about workers that see one folder by several mounts, such as two of bindfs, each with
locks of its own.
"""

import argparse
import collections
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.benchmarks.lines import write
from nmt import cli
from nmt.errors import UserError
from nmt.launching.executors.base import Ticket
from nmt.workdir import Workdir

SLEEP = """
import json, os, sys, time
folder, seconds = sys.argv[-1], {seconds}
def note(word):
  with open(folder + "/notes", "a") as file:
    file.write(word + "\\n")
note("began")
time.sleep(seconds)
with open(folder + "/status.new", "w") as file:
  json.dump({{"state": "done", "time": time.time()}}, file)
os.replace(folder + "/status.new", folder + "/status.json")
note("done")
"""

WORKER = """
import errno, fcntl, sys
from nmt import cli, lease
from nmt.launching import local, work
local.WORKER = (sys.executable, "-IS", {sleep!r})
if {machine!r}:
  def flock(file, kind):
    raise OSError(errno.ENOSYS, "pretended")
  fcntl.flock = flock
  lease._machine = lambda: ({machine!r}, None)
  lease.BEAT, lease.STALE = 0.5, 10.0
cli.entry(work.main)
"""


def main(arguments: Sequence[str]) -> None:
  """Parses the command line, runs the pools, prints and writes what was found."""
  parser = argparse.ArgumentParser(
    prog="python -m experiments.benchmarks.pool",
    description=__doc__,
    formatter_class=argparse.RawTextHelpFormatter,
  )
  parser.add_argument("--workers", type=int, default=8)
  parser.add_argument("--runs", type=int, default=200)
  parser.add_argument("--seconds", type=float, default=1.0, help="that a run takes")
  parser.add_argument("--killed", type=int, default=2, help="workers, where some are killed")
  parser.add_argument("--mounts", type=Path, nargs="+", default=[], help="of one empty folder")
  parser.add_argument("--lines", type=Path, help="a file for what was found, as JSON lines")
  options = parser.parse_args(arguments)
  if not 0 <= options.killed < options.workers:
    raise UserError("--killed must leave a worker")
  found = []
  for locks in (True, False):
    for killed in dict.fromkeys((0, options.killed)):
      line = race(options.workers, options.runs, options.seconds, locks, killed)
      print(json.dumps(line), flush=True)
      found.append(line)
  if options.mounts:
    line = race(options.workers, options.runs, options.seconds, True, 0, options.mounts)
    print(json.dumps(line), flush=True)
    found.append(line)
  found.append(recognise(100))
  print(json.dumps(found[-1]))
  if options.lines:
    write(options.lines, found)


def race(
  workers: int,
  runs: int,
  seconds: float,
  locks: bool,
  killed: int,
  mounts: Sequence[Path] = (),
) -> dict[str, Any]:
  """What became of a list, with locks or leases alone, some workers killed after some runs."""
  with tempfile.TemporaryDirectory() as place:
    folders = [mount / "w" for mount in mounts] or [Path(place) / "w"]
    homes = listed(folders[0], runs)
    sleep = Path(place) / "sleep.py"
    sleep.write_text(SLEEP.format(seconds=seconds), encoding="utf-8")
    began, cpu = time.monotonic(), os.times()
    started = []
    for number in range(workers):
      code = WORKER.format(sleep=str(sleep), machine="" if locks else f"machine {number}")
      command = [sys.executable, "-c", code, f"--workdir={folders[number % len(folders)]}"]
      started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
    for process in started[:killed]:
      time.sleep(5 * seconds)
      process.send_signal(signal.SIGKILL)
    codes = collections.Counter(process.wait() for process in started)
    wall, after = time.monotonic() - began, os.times()
    spent = sum(after[2:4]) - sum(cpu[2:4])  # of the children
    notes = [(home.path / "notes") for home in homes]
    states = [home.read_status().get("state") for home in homes]
    words = [path.read_text().split() if path.exists() else [] for path in notes]
  return {
    "workers": workers,
    "runs": runs,
    "seconds a run": seconds,
    "locks": "of each mount" if mounts else locks,
    "workers killed": killed,
    "left": runs - states.count("done"),
    "run twice": sum(word.count("done") > 1 for word in words),
    "begun twice": sum(word.count("began") > 1 for word in words),
    "workers' exit codes": {str(code): count for code, count in sorted(codes.items())},
    "seconds": wall,
    "seconds at least": runs * seconds / (workers - killed),
    "cpu seconds": spent,
  }


def recognise(runs: int) -> dict[str, Any]:
  """What it costs a worker to see that all of a list is done."""
  with tempfile.TemporaryDirectory() as place:
    folder = Path(place) / "w"
    for home in listed(folder, runs):
      home.status("done")
    before = os.times()
    code = WORKER.format(sleep="none", machine="")
    subprocess.run(
      [sys.executable, "-c", code, f"--workdir={folder}"], check=True, stdout=subprocess.DEVNULL
    )
    after = os.times()
  return {"runs done": runs, "cpu seconds": sum(after[2:4]) - sum(before[2:4])}


def listed(folder: Path, runs: int) -> list[Workdir]:
  """The folders of a list that was handed over, without a config to train by."""
  homes = [Workdir(folder / f"run{number}") for number in range(1, runs + 1)]
  for home in homes:
    home.make()
    home.config.write_text("{}", encoding="utf-8")
  names = dict.fromkeys((home.path.name for home in homes), "")
  Ticket(folder, "20000101-000000", "pool", names, {}, time.time(), "none").save()
  return homes


if __name__ == "__main__":
  cli.entry(main)
