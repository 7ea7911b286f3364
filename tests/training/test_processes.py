"""Two processes train one run: as one would, stopped and continued, and ended together."""

import contextlib
import json
import os
import subprocess
import sys
import time

import jax
import numpy as np
import pytest

from nmt import config as config_lib
from nmt import loading
from nmt.exit_codes import CONTINUE, FAILED
from nmt.training import checkpoints
from nmt.workdir import Workdir

pytestmark = pytest.mark.slow

# A worker that does something before an update.
WORKER = """
import os, pathlib, signal, time
import jax
from nmt.training.peers import Line
from nmt.training.session import Session

def take(self, number, kind, value, take=Line._take):
  take(self, number, kind, value)
  if kind == "asked":
    pathlib.Path("asked").touch()

def told():  # to stop, which process 0 has heard when this returns
  os.kill(os.getpid(), signal.SIGTERM)
  while jax.process_count() > 1 and not os.path.exists("asked"):
    time.sleep(0.05)

def update(self, batches, update=Session.update):
  if self.progress.update == {at}:
    pathlib.Path("fault").touch()
    {what}
  update(self, batches)

Line._take = take
Session.update = update
from nmt import cli, train
cli.entry(train.main)
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
  return tmp_path_factory.mktemp("cache")


@pytest.fixture
def tiny(config, cache):
  config.data.cache = str(cache)
  config.data.grammar.update(train=64, valid=8, test=4, long=4, min_words=4, max_words=6)
  config.data.tokenizer.size = 200
  config.batch.update(multiple=16, size=8)
  config.decode.update(beam=1, max_ratio=1.0)
  config.train.update(updates=16, ema=0.9)
  config.model.dropout.embedding = 0.1
  config.mesh.data = -1
  config.valid.update(every=16, log=4, metric="perplexity")
  return config


@pytest.fixture
def start(port, compiling):
  """start(config, folder, processes) starts so many workers, on two devices in all.

  The last one, or the one that `who` numbers, does `what` before the update after `at`.
  """
  started = []

  def start(config, home, processes, *flags, at=-1, what="pass", who=-1):
    home.make()
    config_lib.save(config, home.config)
    devices = f" --xla_force_host_platform_device_count={2 // processes}"
    environment = os.environ | compiling | {"PYTHONPATH": os.getcwd()}
    environment["XLA_FLAGS"] += devices
    workers = []
    for index in range(processes):
      mine = what if index == who % processes else "pass"
      command = [sys.executable, "-c", WORKER.format(at=at, what=mine), "--workdir", home.path]
      command += [f"--processes={processes}", *flags]
      if processes > 1:
        command += [f"--coordinator=localhost:{port}", f"--process={index}"]
      with open(home.path / f"log{index}", "w") as log:
        workers.append(
          subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=home.path)
        )
    started.extend(workers)
    return workers

  yield start
  for worker in started:
    with contextlib.suppress(OSError):
      worker.kill()
    worker.wait()


def log(home, index):
  return (home.path / f"log{index}").read_text()


def finish(home, workers, *codes):
  found = [worker.wait() for worker in workers]
  logs = [log(home, index) for index in range(len(workers))]
  assert found == list(codes), "\n".join(logs)
  return logs


def lines(home):
  found = [json.loads(line) for line in home.metrics.read_text().splitlines()]
  return [{k: v for k, v in line.items() if k not in ("kind", "timing")} for line in found]


def test_any_number_of_processes_goes_on_as_one_that_was_left_alone(tiny, start, tmp_path):
  whole, parts = Workdir(tmp_path / "whole"), Workdir(tmp_path / "parts")
  tiny.mesh.update(model=2, optimizer=True)  # each process has a part of the parameters too
  workers = start(tiny, parts, 2, at=6, what="told()")  # process 1, of which process 0 is told
  _, quiet = finish(parts, workers, CONTINUE, CONTINUE)
  (stopped,) = checkpoints.updates(parts.checkpoints)[-1:]
  assert parts.read_status()["state"] == "stopped"
  assert 7 <= stopped < 14
  assert "update" not in quiet  # process 0 speaks for both
  finish(parts, start(tiny, parts, 1, at=stopped + 1, what="told()"), CONTINUE)
  alone = start(tiny, whole, 1)
  finish(parts, start(tiny, parts, 2), 0, 0)
  finish(whole, alone, 0)
  assert parts.read_status()["state"] == "done"
  assert json.loads((parts.test / "test.json").read_text())["split"] == "test"

  for a, b in zip(lines(parts), lines(whole), strict=True):
    assert a == pytest.approx(b, rel=1e-5)
  found, expected = loading.load(parts, "last").params, loading.load(whole, "last").params
  jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-6), found, expected)


KILL = "os.kill(os.getpid(), signal.SIGKILL)"
FREEZE = "os.kill(os.getpid(), signal.SIGSTOP)"
FAULTS = {
  "exception": (
    1,
    "raise ValueError('boom')",
    {0: FAILED, 1: FAILED},
    "process 1 of 2 failed: boom",
  ),
  "killed": (1, KILL, {0: CONTINUE, 1: -9}, "process 1 of 2 has ended without a word (killed?)"),
  "first killed": (0, KILL, {0: -9, 1: CONTINUE}, "process 0 of 2 has ended without a word"),
  "frozen": (1, FREEZE, {0: CONTINUE}, "process 1 of 2 has said nothing for 15 s (stopped, or its"),
  "stuck": (
    1,
    "time.sleep(1000)",
    {0: CONTINUE, 1: CONTINUE},
    "process 0 began 7, process 1 began 6 (see --stall)",
  ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_ends_one_ends_all(tiny, start, tmp_path, fault):
  who, what, codes, said = FAULTS[fault]
  home = Workdir(tmp_path / "run")
  stall = ["--stall=20"] * (fault == "stuck")
  workers = start(tiny, home, 2, *stall, at=6, what=what, who=who)
  while not (home.path / "fault").exists():
    assert workers[1 - who].poll() is None, log(home, 1 - who)
    time.sleep(0.1)
  began = time.monotonic()
  assert {index: workers[index].wait() for index in codes} == codes, log(home, 0) + log(home, 1)
  assert time.monotonic() - began < 90
  survivor = log(home, 1 - who)
  assert said in survivor.splitlines()[-1]
  assert "Traceback" not in survivor
  if who == 1:  # process 0 could still say so
    assert said in home.read_status()["reason"]
    assert home.read_status()["state"] == ("failed" if FAILED in codes.values() else "stopped")
  if fault == "exception":
    assert "ValueError: boom" in log(home, who)
