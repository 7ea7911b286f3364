"""The faults: each does one thing to a run that is at work, at a moment drawn at random.

A fault takes the run and returns where it struck, or None if the worker ended before. What is wrong
with how the run took it goes to `run.lost`.
"""

import contextlib
import errno
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

from experiments.benchmarks.faults.workers import Process, Worker
from nmt import cli, digests, train
from nmt.exit_codes import CONTINUE, DONE, WRONG_INPUT
from nmt.launching import status
from nmt.training import checkpoints
from nmt.workdir import Workdir

STARTING = 2.5  # CPU seconds until a worker saves for the first time
_SPREAD = 0.2  # seconds


class Run:
  """A run under faults: its folder, its worker, what was lost so far, and what it has yet to say.

  log: where workers print. disk: the small file system that the folder, but not the log, is on;
  None if there is none.
  """

  def __init__(self, home: Workdir, log: Path, draw: random.Random, disk: Path | None):
    self.home, self.log, self.draw, self.disk = home, log, draw, disk
    self.worker: Worker | None = None
    self.lost: list[str] = []
    self.starts = 0
    self.owed: str | None = None  # a line that the next worker has to print

  def start(self) -> Worker:
    """The worker, started if none is at work."""
    if self.worker is None:
      self.worker = Worker(self.home, self.log, self.draw)
      self.starts += 1
    return self.worker

  def end(self, expected: tuple[int, ...]) -> int:
    """Waits for the worker's end; a code that was not to be expected is a loss."""
    assert self.worker is not None
    code = self.worker.wait()
    said = self.worker.said()
    if code not in expected:
      self.lost.append(f"exit code {code}: {said.splitlines()[-1:]}")
    if self.owed and self.owed not in said and "update" in said:
      self.lost.append(f"not said: {self.owed}")
    if code == DONE or "from update" in said:
      self.owed = None
    if code == DONE and self.home.read_status().get("state") != "done":
      self.lost.append("exit code 0, but the status is not done")
    self.standing()
    self.worker = None
    return code

  def kill(self) -> None:
    """Kills the worker."""
    assert self.worker is not None
    self.worker.kill()
    self.end((-signal.SIGKILL, DONE))

  def standing(self) -> None:
    """A run whose state can't be told is lost."""
    try:
      status.standing("run", self.home)
    except Exception as e:
      self.lost.append(f"its state can't be read: {e}")

  def moment(self, saved: bool = False) -> str | None:
    """Waits for a moment in a worker's life: while it starts, saves, trains or ends; or for None.

    saved: only after a save.
    """
    worker, draw = self.start(), self.draw
    kind = "training" if saved else draw.choice(("start", "save", "save", "training", "end"))
    if kind == "start":
      until = draw.uniform(0, STARTING)
      return kind if worker.until(lambda: worker.cpu() >= until) else None
    if kind == "end":
      if not worker.until(lambda: "done: all" in worker.said()):
        return None
      time.sleep(draw.uniform(0, _SPREAD))
      return None if worker.ended() else kind
    count = worker.saves + draw.randint(1, 2)
    if not worker.until(lambda: worker.saving() and worker.saves >= count):
      return None
    time.sleep(draw.uniform(0, 0.02) if kind == "save" else draw.uniform(0, _SPREAD))
    return None if worker.ended() else kind


def kill(run: Run) -> str | None:
  """SIGKILL."""
  if (moment := run.moment()) is not None:
    run.kill()
  return moment


def stop(run: Run) -> str | None:
  """SIGTERM: it saves, or dies at once where it does not listen yet."""
  if (moment := run.moment()) is not None and run.worker is not None:
    run.worker.send(signal.SIGTERM)
    run.end((CONTINUE, DONE, -signal.SIGTERM))
  return moment


def pause(run: Run) -> str | None:
  """SIGSTOP and, later, SIGCONT; meanwhile its folder stays its own."""
  if (moment := run.moment()) is not None and run.worker is not None:
    run.worker.send(signal.SIGSTOP)
    held = run.home.held()
    time.sleep(run.draw.uniform(0, 0.5))
    run.standing()
    if held and not run.home.held() and not run.worker.ended():
      run.lost.append("a worker that was paused lost its folder")
    run.worker.send(signal.SIGCONT)
  return moment


def clock(run: Run) -> str | None:
  """The time jumps, there and back."""
  if (moment := run.moment()) is not None and run.worker is not None:
    for _ in range(run.draw.randint(1, 3)):
      run.worker.send(signal.SIGUSR1)
      time.sleep(run.draw.uniform(0, 0.1))
  return moment


def second(run: Run) -> str | None:
  """Another worker is started in the same folder, and turned away."""
  moment = run.moment(saved=True)
  if moment is None or run.worker is None:
    return None
  log = run.log.with_suffix(".second")
  other = Process(lambda: cli.entry(lambda _: train.main(["--workdir", str(run.home)])), log)
  code = other.wait()
  if not run.worker.ended() and (code != WRONG_INPUT or "in use by a live run" not in _text(log)):
    run.lost.append(f"a second worker ended with {code}")
  return moment


def stale(run: Run) -> str | None:
  """It is killed and leaves a lock, half a file and half a save behind."""
  if (moment := run.moment(saved=True)) is None:
    return None
  run.kill()
  run.home.lock_file.write_text(f"process {run.draw.randint(1, 9999)} on another machine\n")
  (run.home.path / ".status.json.1").write_text('{"state": "run')
  half = run.home.checkpoints / f"{run.draw.randint(1, 99)}.orbax-checkpoint-tmp" / "params"
  half.mkdir(parents=True, exist_ok=True)
  (half / "_METADATA").write_text("{")
  return moment


def half_status(run: Run) -> str | None:
  """It is killed; its status ends in the middle, and its metrics in half a line."""
  if (moment := run.moment(saved=True)) is None:
    return None
  run.kill()
  with contextlib.suppress(FileNotFoundError):
    size = run.home.status_file.stat().st_size
    os.truncate(run.home.status_file, run.draw.randrange(size + 1))
  with open(run.home.metrics, "a") as file:
    file.write('{"kind": "train", "upd')
  run.standing()
  return moment


def _damage(run: Run, how: Callable[[Path], None]) -> str | None:
  """It is killed, and one file of its newest checkpoint damaged, where an older one is whole."""
  if (moment := run.moment(saved=True)) is None:
    return None
  run.kill()
  folders = _checkpoints(run)
  if len(folders) < 2 or digests.verify(folders[-1]) or digests.verify(folders[-2]):
    return None
  path = run.draw.choice(sorted(path for path in folders[-1].rglob("*") if path.is_file()))
  how(path)
  if digests.verify(folders[-1]):
    run.owed = f"checkpoint {folders[-1].name} can't be read"
  return f"{moment}, {_short(path.relative_to(folders[-1]))}"


def truncated(run: Run) -> str | None:
  """A file is cut short."""
  return _damage(run, lambda path: os.truncate(path, run.draw.randrange(path.stat().st_size or 1)))


def flipped(run: Run) -> str | None:
  """A bit of a file is another."""

  def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    if content:
      number = run.draw.randrange(8 * len(content))
      content[number // 8] ^= 1 << number % 8
      path.write_bytes(content)

  return _damage(run, flip)


def removed(run: Run) -> str | None:
  """A file is no more."""
  return _damage(run, Path.unlink)


def late(run: Run) -> str | None:
  """It is killed; the files of its newest checkpoint appear once the next worker is at work."""
  if (moment := run.moment(saved=True)) is None:
    return None
  run.kill()
  folders = _checkpoints(run)
  if not folders:  # it was killed in its first save
    return None
  newest = folders[-1]
  hidden = run.home.path.with_suffix(".late")
  newest.rename(hidden)
  newest.mkdir()
  worker = run.start()
  time.sleep(run.draw.uniform(0, checkpoints.PATIENCE / 2))
  shutil.copytree(hidden, newest, dirs_exist_ok=True)
  shutil.rmtree(hidden)
  worker.until(lambda: "from update" in worker.said())
  if f"from update {newest.name}," not in worker.said():
    run.lost.append("files that came late were not waited for")
  return moment


def full(run: Run) -> str | None:
  """The disk is full, until the worker ends."""
  assert run.disk is not None
  if (moment := run.moment()) is None or run.worker is None:
    return None
  ballast = run.disk / "ballast"
  with open(ballast, "wb", buffering=0) as file, contextlib.suppress(OSError):
    while True:
      file.write(bytes(1 << 16))
  before = run.worker
  code = run.end((WRONG_INPUT, DONE))
  ballast.unlink()
  if code == WRONG_INPUT:
    said = before.said()
    last = said.splitlines()[-1]
    if "Traceback" in said or not last.startswith("error: ") or "No space left" not in last:
      run.lost.append(f"a full disk is not said in a line: {last}")
  return moment


KINDS: dict[str, Callable[[Run], str | None]] = {
  "kill": kill,
  "stop": stop,
  "pause": pause,
  "clock": clock,
  "second worker": second,
  "stale lock": stale,
  "half status": half_status,
  "truncated file": truncated,
  "flipped bit": flipped,
  "removed file": removed,
  "late files": late,
  "full disk": full,
}


def _checkpoints(run: Run) -> list[Path]:
  """The folders of a run's checkpoints, the newest last."""
  found = [path for path in run.home.checkpoints.iterdir() if path.name.isdecimal()]
  return sorted(found, key=lambda path: int(path.name))


def _short(path: Path) -> str:
  """A file's name in a checkpoint, without the hash that a data file is called."""
  return str(path if len(path.name) < 32 else path.with_name("..."))


def _text(path: Path) -> str:
  return path.read_text(errors="replace") if path.exists() else os.strerror(errno.ENOENT)
