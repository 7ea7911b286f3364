"""Runs the worker here, as a child process, and passes signals and its exit code on."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from nmt.errors import UserError
from nmt.exit_codes import CONTINUE, DONE
from nmt.workdir import Workdir

WORKER = (sys.executable, "-m", "nmt.train")

_ROOT = Path(__file__).resolve().parents[2]
# A terminal that closes is a request to stop like any other: save, and exit 75.
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Local:
  """Runs workers one after the other; once told to stop (a signal), it starts no further one."""

  def __init__(self) -> None:
    self.stopped = False
    self._worker: subprocess.Popen[bytes] | None = None
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

  def run(self, workdir: Workdir, *flags: str) -> int:
    """Runs `python -m nmt.train --workdir W` and `flags` to its end and returns its exit code.

    0: done, 75: stopped and to be continued, else failed (128 + n: killed by signal n). A worker
    that could not say so itself is recorded in status.json as failed.
    """
    if self.stopped:
      return CONTINUE
    before = _status(workdir)
    path = os.environ.get("PYTHONPATH")
    self._worker = subprocess.Popen(
      [*WORKER, "--workdir", str(workdir), *flags],
      stdin=subprocess.DEVNULL,
      env=os.environ | {"PYTHONPATH": f"{_ROOT}{os.pathsep}{path}" if path else str(_ROOT)},
      # Its own group: Ctrl-C in a terminal reaches it once, through this process.
      process_group=0,
    )
    if self.stopped:  # by a signal that came while the worker was being started
      self._worker.terminate()
    code = self._worker.wait()
    self._worker = None
    if code < 0:
      print(f"worker of {workdir} was killed by {signal.Signals(-code).name}", file=sys.stderr)
      code = 128 - code
    if code not in (DONE, CONTINUE):
      # Not where a live run holds the folder, which turned this worker away, nor on a full disk.
      with contextlib.suppress(UserError, OSError), workdir.lock():
        last = workdir.read_status()
        if last.get("state") != "failed" or last == before:
          known = {key: last[key] for key in last if key not in ("state", "reason")}
          workdir.status("failed", **known | {"exit": code})
    return code

  def _forward(self, number: int, frame: FrameType | None) -> None:
    self.stopped = True
    if self._worker is not None:
      self._worker.send_signal(number)


def failure(workdir: Workdir, code: int) -> str:
  """Why a worker that ended with this exit code failed, and where to look, in a line."""
  status = _status(workdir)
  known = status.get("reason") if status.get("state") == "failed" else None
  return f"{known or 'no reason given'} (exit code {code}; see {workdir.status_file})"


def _status(workdir: Workdir) -> dict[str, Any]:
  """The last status, empty where it can't be read."""
  with contextlib.suppress(UserError, OSError):
    return workdir.read_status()
  return {}
