"""Workers of a tiny run, forked from a process that has imported everything but started no device.

A worker is what `python -m nmt.train --workdir W` is, without the seconds that its imports take.
"""

import ctypes
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import jax

from configs import base
from experiments.benchmarks.race import cpu
from nmt import cli, train
from nmt import config as config_lib
from nmt.workdir import Workdir

UPDATES, SAVES = 100, 10
_LOOK = 0.004  # seconds between two looks at a worker
_LONG = 600.0  # seconds after which a worker hangs
_PARENT_DIES = 1  # PR_SET_PDEATHSIG of Linux's prctl
_JUMPS = (1e9, 1e5, 3600.0, 5.0)  # seconds, there or back


def configure(home: Workdir, cache: Path) -> None:
  """Makes a folder the home of the tiny run."""
  config = base.get_config()
  config.data.cache = str(cache)
  config.data.grammar.update(train=64, valid=8, test=4, long=4, min_words=4, max_words=6)
  config.data.tokenizer.size = 200
  config.batch.update(multiple=16, size=8, window=2)
  config.model.update(size=8, embedding=8, init="glorot")
  config.model.readout.size = config.model.attention.size = 8
  config.model.dropout.embedding = 0.1
  config.train.update(updates=UPDATES, ema=0.9)
  config.train.optimizer.update(name="adam", learning_rate=0.01)
  config.decode.update(beam=1, max_ratio=1.0)
  config.valid.update(every=UPDATES // SAVES, log=10, metric="perplexity", patience=0)
  home.make()
  config_lib.save(config, home.config)


def share(programs: str) -> None:
  """Keeps compiled programs in a folder, from worker to worker; they are compiled quickly."""
  jax.config.update("jax_compilation_cache_dir", programs)
  jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
  jax.config.update("jax_disable_most_optimizations", True)
  train.keep_programs = lambda configured: None


class Process:
  """A function at work in a process of its own, which dies with this one."""

  def __init__(self, do: Callable[[], int | None], log: Path):
    self.code: int | None = None  # how it ended: an exit code, or -n by signal n
    sys.stdout.flush()
    sys.stderr.flush()
    self.pid = os.fork()
    if self.pid == 0:
      code = 1
      try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if sys.platform == "linux":
          ctypes.CDLL(None).prctl(_PARENT_DIES, signal.SIGKILL)
        output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.dup2(output, 1)
        os.dup2(output, 2)
        code = do() or 0
      except SystemExit as e:
        code = int(e.code or 0)
      except BaseException:
        traceback.print_exc()
      finally:
        for stream in (sys.stdout, sys.stderr):
          stream.flush()
        os._exit(code)

  def ended(self) -> bool:
    """Whether it has ended; `code` says how."""
    if self.code is None:
      pid, status = os.waitpid(self.pid, os.WNOHANG)
      if pid:
        self.code = os.waitstatus_to_exitcode(status)
    return self.code is not None

  def send(self, number: int) -> None:
    """Sends a signal, unless it has ended."""
    if not self.ended():
      os.kill(self.pid, number)

  def wait(self) -> int:
    """How it ended, once it has; TimeoutError if it hangs."""
    self.until(lambda: False)
    assert self.code is not None
    return self.code

  def until(self, seen: Callable[[], bool]) -> bool:
    """Waits for what is to be seen; False if it ended before, TimeoutError if it hangs."""
    end = time.monotonic() + _LONG
    while not seen():
      if self.ended():
        return False
      if time.monotonic() > end:
        self.send(signal.SIGKILL)
        raise TimeoutError(f"process {self.pid} hangs")
      time.sleep(_LOOK)
    return True

  def kill(self) -> None:
    """Ends it by SIGKILL."""
    self.send(signal.SIGKILL)
    self.wait()


class Worker(Process):
  """The worker of a run's folder; SIGUSR1 makes its clock jump."""

  def __init__(self, home: Workdir, log: Path, draw: random.Random):
    self.home, self.log, self._draw = home, log, draw
    log.touch()
    self._said = log.stat().st_size
    self._seen = set(self._saving())
    self.saves = 0
    self._jumps = draw.randrange(1 << 30)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # until it listens
    super().__init__(self._train, log)

  def said(self) -> str:
    """What it printed so far."""
    with open(self.log, "rb") as file:
      file.seek(self._said)
      return file.read().decode(errors="replace")

  def cpu(self) -> float:
    """CPU seconds it has used."""
    return cpu(self.pid)

  def saving(self) -> bool:
    """Whether a save has begun since this was asked last."""
    now = set(self._saving())
    new, self._seen = now - self._seen, now
    self.saves += len(new)
    return bool(new)

  def _saving(self) -> list[str]:
    try:
      names = os.listdir(self.home.checkpoints)
    except OSError:
      return []
    return [name for name in names if "orbax-checkpoint-tmp" in name]

  def _train(self) -> int | None:
    jumping(random.Random(self._jumps))
    sys.argv = ["train", "--workdir", str(self.home)]
    cli.entry(train.main)


def jumping(draw: random.Random) -> None:
  """Makes time.time jump at each SIGUSR1."""
  offset, real = [0.0], time.time

  def jump(number: int, frame: FrameType | None) -> None:
    offset[0] = draw.choice(_JUMPS) * draw.choice((-1, 1))

  time.time = lambda: real() + offset[0]
  signal.signal(signal.SIGUSR1, jump)
