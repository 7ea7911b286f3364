"""SIGTERM, SIGHUP and Ctrl-C as a request: finish the step, save, exit with a code that says so."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Stopped(BaseException):
  """Raised by a request to stop outside of training, where there is nothing to save.

  No fault, so that nothing that gets over faults (an unreadable checkpoint) takes it for one.
  """


class Stopping:
  """Notes requests to stop while in use; a second one aborts.

  `asked` turns True at the first. Where nothing would be lost (`deferred` is False) it raises
  `Stopped` at once instead.
  """

  def __init__(self) -> None:
    self.asked = False
    self.deferred = False
    self._previous: dict[signal.Signals, Any] = {}

  def __enter__(self) -> "Stopping":
    for number in _SIGNALS:
      # What nohup has told to be ignored stays so.
      if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
        self._previous[number] = signal.signal(number, self._note)
    return self

  def renew(self) -> None:
    """Takes the signals back from a library that has taken them."""
    for number in self._previous:
      signal.signal(number, self._note)

  def __exit__(self, *error: object) -> None:
    for number, handler in self._previous.items():
      signal.signal(number, handler)

  @contextlib.contextmanager
  def deferring(self) -> Iterator[None]:
    """Inside, a request is only noted."""
    self.deferred = True
    try:
      yield
    finally:
      self.deferred = False

  @contextlib.contextmanager
  def raising(self) -> Iterator[None]:
    """Inside, within deferred work, a request raises `Stopped`, and so does one already made."""
    self.deferred = False
    try:
      if self.asked:
        raise Stopped
      yield
    finally:
      self.deferred = True

  def _note(self, number: int, frame: FrameType | None) -> None:
    if number == signal.SIGHUP:
      # A terminal that closes may say so twice, the second time when all is saved.
      self._previous[signal.SIGHUP] = signal.SIG_IGN
      if self.asked:
        return
    if self.asked:
      signal.signal(number, signal.SIG_DFL)
      signal.raise_signal(number)
    self.asked = True
    if not self.deferred:
      raise Stopped
