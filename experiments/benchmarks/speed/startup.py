"""Seconds from the start of `python -m nmt.train` to the end of its first update."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from configs import quickstart
from nmt import config as config_lib
from nmt.errors import UserError

_PATIENCE = 600  # seconds


def measure(pairs: int = 5_000) -> dict[str, Any]:
  """Three starts: with nothing kept, with the data kept, and with the compiled programs too."""
  with tempfile.TemporaryDirectory() as place:
    home = Path(place)
    config = quickstart.get_config()
    config.data.cache = str(home / "cache")
    config.data.grammar.update(train=pairs, valid=100, test=100, long=100)
    config.train.updates, config.train.schedule.warmup = 2, 0  # ends soon, even if left alone
    config.valid.log = 1
    found = {}
    for name, programs in (("nothing", "a"), ("data", "b"), ("data and programs", "b")):
      workdir = home / name
      workdir.mkdir()
      config_lib.save(config, workdir / "config.json")
      found[f"seconds with {name} kept"] = _start(workdir, home / programs)
    return found


def _start(workdir: Path, programs: Path) -> float:
  """Starts a run, waits for its first line of metrics, and stops it."""
  environment = os.environ | {"JAX_COMPILATION_CACHE_DIR": str(programs)}
  command = [sys.executable, "-m", "nmt.train", "--workdir", str(workdir)]
  began = time.perf_counter()
  with open(workdir / "log", "wb") as log:
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
  try:
    while not _updated(workdir / "metrics.jsonl"):
      if process.poll() is not None or time.perf_counter() - began > _PATIENCE:
        tail = (workdir / "log").read_text().strip().splitlines()[-1:]
        raise UserError(f"nmt.train ended without an update: {' '.join(tail)}")
      time.sleep(0.02)
    return time.perf_counter() - began
  finally:
    process.terminate()
    process.wait()


def _updated(metrics: Path) -> bool:
  if not metrics.exists():
    return False
  lines = metrics.read_text(encoding="utf-8").splitlines(keepends=True)
  return any(line.endswith("\n") and json.loads(line)["kind"] == "train" for line in lines)
