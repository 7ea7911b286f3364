"""Runs workers here, as child processes, and passes signals and their exit codes on."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from nmt.errors import UserError
from nmt.exit_codes import CONTINUE, DONE, FAILED
from nmt.launching.shares import Share
from nmt.workdir import Workdir

WORKER = (sys.executable, "-m", "nmt.train")

_ROOT = Path(__file__).resolve().parents[2]
_BECOME = (sys.executable, "-IS", str(_ROOT / "nmt" / "launching" / "become.py"))
# A terminal that closes is a request to stop like any other: save, and exit 75.
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PAUSE = 0.05  # seconds between two looks at a worker
_CODES = {"done": DONE, "stopped": CONTINUE}  # what a worker's last words mean


class Worker:
  """A run at work: `python -m nmt.train --workdir W` in a process of its own."""

  def __init__(self, home: Workdir, process: subprocess.Popen[bytes], before: dict[str, Any]):
    self.home = home
    self.process = process
    self._before = before  # the status when it was started
    self._asked: set[int] = set()

  def ask(self, number: int) -> None:
    """Passes a signal on."""
    self._asked.add(number)
    self.process.send_signal(number)

  def code(self) -> int | None:
    """Its exit code, None while it is at work.

    0: done, 75: stopped and to be continued, else failed (128 + n: killed by signal n). What it
    wrote into status.json counts for more than the code that it ended with: a process can die after
    all is done, or end in order before. One that could not say how it ended is recorded there as
    failed.
    """
    code = self.process.poll()
    if code is None:
      return None
    if -code in self._asked:  # it was only just starting, and had nothing to save
      return CONTINUE
    if code < 0:
      name = signal.Signals(-code).name
      print(f"worker of {self.home} was killed by {name}", file=sys.stderr)
      code = 128 - code
    if (said := self._said()) in _CODES:
      return _CODES[said]
    if code == DONE and _status(self.home).get("state") == "done":
      return DONE  # it found nothing left to do
    if code == DONE:
      why = "its worker ended with exit code 0 before the run was done"
      record_failure(self.home, self._before, exit=code, reason=why)
    elif code != CONTINUE:
      record_failure(self.home, self._before, exit=code)
    return code or FAILED

  def _said(self) -> str | None:
    """The state that was written since it was started."""
    last = _status(self.home)
    return None if last == self._before else last.get("state")


class Local:
  """Starts workers and passes signals on to them; once told to stop, it starts no further one."""

  def __init__(self) -> None:
    self.stopped = False
    self._workers: list[Worker] = []
    self._previous: dict[signal.Signals, Any] = {}

  def __enter__(self) -> Self:
    for number in _FORWARDED:
      # What nohup has told to be ignored stays so, here and in the worker.
      if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
        self._previous[number] = signal.signal(number, self._forward)
    return self

  def __exit__(
    self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
  ) -> None:
    for number, handler in self._previous.items():
      signal.signal(number, handler)

  def start(
    self, home: Workdir, *flags: str, share: Share | None = None, log: Path | None = None
  ) -> Worker:
    """Starts the worker of a folder, with `flags`, on its share of the machine.

    What it prints is added to the file `log`, or goes where this process prints.
    """
    share = share or Share()
    before = _status(home)
    path = os.environ.get("PYTHONPATH")
    variables = {"PYTHONPATH": f"{_ROOT}{os.pathsep}{path}" if path else str(_ROOT)}
    with contextlib.ExitStack() as stack:
      output = None if log is None else stack.enter_context(open(log, "ab"))
      process = subprocess.Popen(
        [*_BECOME, share.text(), str(os.getpid()), *WORKER, "--workdir", str(home), *flags],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        env=os.environ | variables | share.variables,
        # Its own group: Ctrl-C in a terminal reaches it once, through this process.
        process_group=0,
      )
    worker = Worker(home, process, before)
    self._workers.append(worker)
    if self.stopped:  # by a signal that came while the worker was being started
      worker.ask(signal.SIGTERM)
    return worker

  def wait(self, worker: Worker) -> int:
    """Its exit code, once it has ended."""
    while (code := worker.code()) is None:
      time.sleep(PAUSE)
    self.forget(worker)
    return code

  def forget(self, worker: Worker) -> None:
    """Passes it no further signals: it has ended."""
    self._workers.remove(worker)

  def run(self, home: Workdir, *flags: str) -> int:
    """Runs a worker to its end and returns its exit code, as `Worker.code` does."""
    return CONTINUE if self.stopped else self.wait(self.start(home, *flags))

  def _forward(self, number: int, frame: FrameType | None) -> None:
    self.stopped = True
    for worker in self._workers:
      worker.ask(number)


def record_failure(home: Workdir, before: dict[str, Any], **why: Any) -> None:
  """Writes into status.json that a worker failed, where it could not say so itself.

  before: the status when it was started. why: `exit`, its code, or `reason`.
  """
  # Not where a live run holds the folder, which turned this worker away, or has ended since;
  # nor on a full disk.
  with contextlib.suppress(UserError, OSError), home.lock():
    last = home.read_status()
    if last.get("state") not in ("failed", "done") or last == before:
      known = {key: last[key] for key in last if key not in ("state", "reason", "exit")}
      home.status("failed", **known | why)


def failure(home: Workdir, code: int, log: Path | None = None) -> str:
  """Why a worker that ended with this exit code failed, and where to look, in a line."""
  status = _status(home)
  known = status.get("reason") if status.get("state") == "failed" else None
  return f"{known or 'no reason given'} (exit code {code}; see {log or home.status_file})"


def _status(home: Workdir) -> dict[str, Any]:
  """The last status, empty where it can't be read."""
  with contextlib.suppress(UserError, OSError):
    return home.read_status()
  return {}
