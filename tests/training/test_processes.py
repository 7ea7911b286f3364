"""Two processes train one run: as one would, stopped and continued, and ended together."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time

import jax
import numpy as np
import pytest

from nmt import config as config_lib
from nmt import loading
from nmt.exit_codes import CONTINUE
from nmt.workdir import Workdir


@pytest.fixture
def tiny(config, tmp_path):
  config.data.cache = str(tmp_path / "cache")
  config.data.grammar.update(train=64, valid=8, test=4, long=4, min_words=4, max_words=6)
  config.data.tokenizer.size = 200
  config.batch.update(multiple=16, size=8)
  config.decode.update(beam=1, max_ratio=1.0)
  config.train.update(updates=12, ema=0.9)
  config.model.dropout.embedding = 0.1
  config.mesh.data = -1
  config.valid.update(every=5, log=4, metric="bleu")
  return config


@pytest.fixture
def start(tmp_path):
  """start(config, folder, processes) starts workers of as many processes, two devices in all."""
  started = []

  def start(config, folder, processes, *flags):
    home = Workdir(folder)
    home.make()
    if not home.config.exists():
      config_lib.save(config, home.config)
    with socket.socket() as probe:
      probe.bind(("", 0))
      port = probe.getsockname()[1]
    workers = []
    for index in range(processes):
      several = [f"--coordinator=localhost:{port}", f"--processes={processes}"]
      several += [f"--process={index}", "--meeting=60"]
      environment = os.environ | {
        "JAX_COMPILATION_CACHE_DIR": str(jax.config.jax_compilation_cache_dir),
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={2 // processes}",
      }
      command = [sys.executable, "-m", "nmt.train", "--workdir", str(folder)]
      command += several if processes > 1 else ["--processes=1"]
      with open(folder / f"log{index}", "w") as log:
        workers.append(
          subprocess.Popen([*command, *flags], env=environment, stdout=log, stderr=log)
        )
    started.extend(workers)
    return workers

  yield start
  for worker in started:
    with contextlib.suppress(OSError):
      worker.kill()
    worker.wait()


def log(folder, index):
  return (folder / f"log{index}").read_text()


def finish(workers, folder, code=0):
  codes = [worker.wait() for worker in workers]
  assert codes == [code] * len(codes), "\n".join(log(folder, i) for i in range(len(codes)))


def lines(home, kinds=("train", "valid")):
  found = [json.loads(line) for line in home.metrics.read_text().splitlines()]
  return [line for line in found if line["kind"] in kinds]


def until(condition, seconds=60):
  began = time.monotonic()
  while not condition():
    assert time.monotonic() < began + seconds
    time.sleep(0.05)


def test_two_processes_train_as_one_does(tiny, start, tmp_path):
  one, two = Workdir(tmp_path / "one"), Workdir(tmp_path / "two")
  finish(start(tiny, one.path, 1), one.path)
  finish(start(tiny, two.path, 2), two.path)
  for a, b in zip(lines(one), lines(two), strict=True):
    assert a.pop("kind") == b.pop("kind")
    del a["timing"], b["timing"]
    assert a == pytest.approx(b, rel=1e-5)
  assert two.read_status()["state"] == "done"
  assert (two.test / "test.json").exists()
  assert log(two.path, 1).count("\n") <= 3  # nothing but what JAX says
  found, expected = loading.load(two, "last"), loading.load(one, "last")
  jax.tree.map(
    lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-6),
    found.params,
    expected.params,
  )
