"""The processes of one run: what they tell each other, and how they end together.

Arrays go from device to device through JAX. Everything else goes over a line of its own from each
process to process 0: who is there, what process 0 found out for all, at which update all stop, and
that one has failed, or has ended, or answers no more, whereupon all end within seconds. JAX alone
would abort with a stack trace or wait for minutes, and exit codes would say nothing.
"""

import contextlib
import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing import connection
from typing import Any

from nmt import cli
from nmt.errors import UserError, first_line
from nmt.exit_codes import CONTINUE
from nmt.ranks import Rank
from nmt.training.divergence import Diverged
from nmt.training.meter import AHEAD
from nmt.training.stopping import Stopped, Stopping
from nmt.training.watch import Watch

SILENT = 15.0  # seconds after which a process that says nothing in training is given up
_PULSE = 0.5  # seconds between two signs of life
_GRACE = 2.0  # seconds in which another one's end explains an error of ours


class Peers:
  """A run in one process; `Line` is one of several. `first`: it alone writes files and prints."""

  index, count = 0, 1
  at_end: Callable[
    [int, str], None
  ]  # with an exit code, and why: called in the first before all end

  @property
  def first(self) -> bool:
    """Whether this is process 0."""
    return self.index == 0

  def stops(self, asked: bool, update: int) -> bool:
    """Whether to stop, with `update` updates begun: the same one in all processes."""
    return asked

  def by_first(self, work: Callable[[], Any]) -> Any:
    """What `work` gives in process 0, JSON-able, in all; they wait for it."""
    return work()

  def wait(self) -> None:
    """Until all processes are here."""

  @contextlib.contextmanager
  def failing(self) -> Iterator[None]:
    """Inside, an error ends all processes, after its message."""
    yield

  @contextlib.contextmanager
  def training(self, begun: Callable[[], int]) -> Iterator[None]:
    """Inside, updates are expected to end; begun() is how many were begun."""
    yield

  def ended(self) -> None:
    """Says that an update has ended."""

  @contextlib.contextmanager
  def resting(self) -> Iterator[None]:
    """Inside `training`: no update is expected to end here."""
    yield

  def close(self) -> None:
    """Leaves, once all are ready to."""


class Line(Peers):
  """One of several processes.

  stall: seconds without the end of an update after which all end; 0: never, None: by experience.
  """

  def __init__(
    self,
    rank: Rank,
    lines: dict[int, connection.Connection],
    stopping: Stopping,
    stall: float | None = None,
  ):
    self.index, self.count = rank.index, rank.count
    self.at_end: Callable[[int, str], None] = lambda code, why: None
    self._lines, self._stopping = lines, stopping
    self._lock = threading.Lock()  # held while something is sent
    self._ending = threading.Lock()  # held by who ends this process
    self._values: queue.Queue[Any] = queue.Queue()
    self._arrived: queue.Queue[int] = queue.Queue()
    self._stop_at: int | None = None
    self._told = False
    self._left: set[int] = set()
    self._heard = dict.fromkeys(lines, time.monotonic())
    self._progressing: Callable[[], int] = lambda: 0
    self._begun = dict.fromkeys(range(self.count), 0)
    self._resting = dict.fromkeys(lines, True)
    self._watch = Watch(stall)
    self._closed = threading.Event()
    self._looks = 0  # how often it was listened to all lines
    self._thread = threading.Thread(target=self._listen, name="peers", daemon=True)
    self._thread.start()

  def stops(self, asked: bool, update: int) -> bool:
    # No process is more than AHEAD updates beyond the last that ended everywhere, and update + 1
    # can't end without process 0. So none has begun a later one than this, and none will have begun
    # it before it has heard.
    if self.first and asked and self._stop_at is None:
      self._stop_at = update + AHEAD + 1
      self._send("stop", self._stop_at)
      self._gather()
    return self._stop_at is not None and update >= self._stop_at

  def by_first(self, work: Callable[[], Any]) -> Any:
    if not self.first:
      kind, value = self._values.get()
      if kind == "stopped":
        raise Stopped
      return value
    try:
      value = work()
    except Stopped:
      self._send("stopped")
      raise
    self._send("value", value)
    return value

  def wait(self) -> None:
    if self.first:
      self._gather()
    else:
      self._send("here")
    self.by_first(lambda: None)

  @contextlib.contextmanager
  def failing(self) -> Iterator[None]:
    try:
      yield
    except Diverged:
      raise  # as in all others
    except BaseException as e:
      if not isinstance(e, UserError | Stopped):
        time.sleep(_GRACE)  # if another one's end is the cause, it ends us
        self._listened()
      with self._ending:
        cli.silence_libraries()
        if isinstance(e, Stopped):
          code, why = CONTINUE, "was told to stop"
        else:
          code, why = cli.report(e), f"failed: {first_line(e)}"
        self._leave(code, f"process {self.index} of {self.count} {why}")

  @contextlib.contextmanager
  def training(self, begun: Callable[[], int]) -> Iterator[None]:
    self._progressing = begun
    self._heard = dict.fromkeys(self._lines, time.monotonic())
    if self._stop_at is not None:  # agreed on before the run went back to an earlier update
      self._stop_at = 0
    self._watch.begin()
    self._say_alive()
    try:
      yield
    finally:
      self._watch.rest()

  def ended(self) -> None:
    self._watch.ended()

  @contextlib.contextmanager
  def resting(self) -> Iterator[None]:
    self._watch.rest()
    self._say_alive()
    try:
      yield
    finally:
      self._watch.go_on()
      self._say_alive()  # the next sign of life may never come, and who rests may be silent

  def close(self) -> None:
    self.wait()
    self._send("leaving")
    self._closed.set()
    self._thread.join()

  def _gather(self) -> None:
    """Process 0: until all others have answered."""
    for _ in self._lines:
      self._arrived.get()

  def _listen(self) -> None:
    pulse = 0.0
    while not self._closed.is_set():
      ready = connection.wait([x for n, x in self._lines.items() if n not in self._left], _PULSE)
      for number, line in self._lines.items():
        if line in ready:
          try:
            kind, value = json.loads(line.recv_bytes())
          except (EOFError, OSError):
            self._end(CONTINUE, f"{self._name(number)} has ended without a word (killed?)")
            continue
          self._heard[number] = time.monotonic()
          self._take(number, kind, value)
      if time.monotonic() > pulse + _PULSE:
        pulse = time.monotonic()
        self._say_alive()
        self._look()
      self._looks += 1

  def _listened(self) -> None:
    """Until all that was said before has been heard, however slow the machine is."""
    enough = self._looks + 2  # one look may have begun before
    while self._looks < enough and self._thread.is_alive():
      time.sleep(0.01)

  def _take(self, number: int, kind: str, value: Any) -> None:
    match kind:
      case "alive":
        self._begun[number], self._resting[number] = value
      case "here":
        self._arrived.put(number)
      case "stop":
        self._stop_at = value
        self._send("here")
      case "value" | "stopped":
        self._values.put((kind, value))
      case "asked" if not self._stopping.asked:
        # As if process 0 had been told itself, in whatever it is doing.
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
      case "ended":
        self._end(*value)
      case "leaving":
        self._left.add(number)

  def _look(self) -> None:
    """What nobody says: that someone is silent, that no update ends, that we are told to stop."""
    if self._stopping.asked and not self.first and not self._told:
      self._told = True
      self._send("asked")
    if not self._watch.on:
      return
    now = time.monotonic()
    for number, heard in self._heard.items():
      if now > heard + SILENT and not self._resting[number]:
        lost = "(stopped, or its machine is gone)"
        self._end(CONTINUE, f"{self._name(number)} has said nothing for {SILENT:g} s {lost}")
    if any(self._resting.values()):  # it compiles, or is not there yet
      self._watch.postpone()
    elif self.first and (seconds := self._watch.stalled()):
      begun = ", ".join(f"process {n} began {update}" for n, update in self._begun.items())
      self._end(CONTINUE, f"no update has ended for {seconds:.0f} s: {begun} (see --stall)")

  def _say_alive(self) -> None:
    self._begun[self.index] = self._progressing()
    self._send("alive", (self._begun[self.index], not self._watch.on))

  def _name(self, number: int) -> str:
    return f"process {number} of {self.count}"

  def _end(self, code: int, why: str) -> None:
    """Ends this process because of another one, and tells all."""
    if self._ending.acquire(blocking=False):  # else this process is at its end already
      cli.silence_libraries()
      print(f"error: {why}", file=sys.stderr)
      self._leave(code, why)

  def _leave(self, code: int, why: str) -> None:
    self._send("ended", (code, why))
    if self.first:
      with contextlib.suppress(Exception):  # nothing must keep this process
        self.at_end(code, why)
    for stream in (sys.stdout, sys.stderr):
      with contextlib.suppress(OSError, ValueError):
        stream.flush()
    os._exit(code)  # not by way of JAX, which would wait for the others

  def _send(self, kind: str, value: Any = None) -> None:
    """To the others: process 0 to all, the rest to process 0."""
    with self._lock:
      for line in self._lines.values():
        tell(line, (kind, value))


def tell(line: connection.Connection, value: Any) -> None:
  """Sends what JSON can hold."""
  with contextlib.suppress(OSError):  # that it has ended is found where we listen
    line.send_bytes(json.dumps(value).encode())
