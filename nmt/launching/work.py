"""A worker of a pool: runs what was handed over, one after the other: python launch.py work

  --workdir=W     the folder of a sweep, or of a run, that was handed over by --executor=pool
  --parallel=4    four runs at once, which share the cores and GPUs
  --wait          stays while other workers are running something, to go on with it if they die
  --profile       traces some updates of each run

Any number of them, on any machines that share the folder W. Each takes the first run that is not
done and that nobody holds, until none is left. One that was stopped is started again. One that
failed is not: the command that handed it over does that. Ctrl-C and SIGTERM: its runs save, and it
exits with 75. Exit codes: 0 none is left to take, 1 a run failed here, 75 asked to stop.
"""

import contextlib
import shlex
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from nmt import cli
from nmt.arguments import Parser
from nmt.errors import UserError
from nmt.exit_codes import CONTINUE, DONE, FAILED
from nmt.launching import executors, status
from nmt.launching.executors.base import Ticket, settled
from nmt.launching.flags import expand
from nmt.launching.local import PAUSE, Local, Worker, failure, record_failure
from nmt.launching.shares import Share, divide
from nmt.launching.stops import Stops
from nmt.lease import Watch
from nmt.workdir import InUse, Workdir

LOOK = 2.0  # seconds between two looks at the list, and at runs that others hold


def main(arguments: Sequence[str]) -> int:
  """Works until nothing is left; returns the exit code."""
  parser = Parser("launching.work", __doc__)
  parser.prog = "python launch.py work"
  parser.add_argument("--workdir", required=True, type=Path, help="the folder of a run or a sweep")
  parser.add_argument("--parallel", type=int, default=1, help="runs at once")
  parser.add_argument("--wait", action="store_true", help="stay while others are at work")
  parser.add_argument("--profile", action="store_true", help="trace some updates of each run")
  given = parser.parse_args(arguments)
  if given.parallel < 1:
    raise UserError("--parallel must be at least 1")
  work = Work(expand(given.workdir), ["--profile"] * given.profile)
  return work.run(given.parallel, given.wait)


class Work:
  """What one worker does.

  homes: the runs of the list that are not cancelled. done, failed (with the reason): what became of
  them, as far as this worker knows. mine: those of `done` that it has run.
  """

  def __init__(self, folder: Path, passed: Sequence[str] = ()):
    self.folder = folder
    self.homes: dict[str, Workdir] = {}
    self.done: set[str] = set()
    self.failed: dict[str, str] = {}
    self.mine: set[str] = set()
    self._passed = passed
    self._tickets: dict[str, Ticket] = {}
    self._running: dict[str, tuple[Worker, Share, contextlib.ExitStack]] = {}
    self._asked: set[str] = set()  # of those, whom this worker has told to stop
    self._watch = Watch()
    self._busy: dict[str, bool | None] = {}  # whether the holder lives, of runs that others hold
    self._stops = Stops()
    self._read()
    if not self._tickets:
      raise UserError(
        f"workdir {folder}: no run waits for workers; launch.py --executor=pool hands runs over"
      )
    Workdir(folder).make()  # it is there; whether it can be written is said once

  def run(self, parallel: int, wait: bool = False) -> int:
    """Runs what is left, so many at once; returns the exit code."""
    shares = divide(parallel)
    again = 0.0
    with Local() as executor:
      while True:
        for name in list(self._running):
          if (share := self._ended(executor, name)) is not None:
            shares.append(share)
            again = 0.0
        if time.monotonic() >= again:
          again = time.monotonic() + LOOK
          with contextlib.suppress(UserError, OSError):  # the disk may answer the next time
            self._read()
          self._cancel()
          while shares and not executor.stopped and self._take(executor, shares[0]):
            shares.pop(0)
          others = None in self._busy.values() or (wait and self._busy)
          if not self._running and (executor.stopped or not others):
            break
        time.sleep(PAUSE)
      return self._report(executor.stopped)

  def _read(self) -> None:
    """Reads the list."""
    _, homes = status.find(self.folder)
    self._tickets = {
      name: ticket
      for ticket, names in executors.newest(self.folder, homes)
      for name in names
      if ticket.executor == "pool"
    }
    self.homes = {name: homes[name] for name in self._tickets if not self._cancelled(name)}

  def _cancelled(self, name: str) -> bool:
    return name not in self._tickets or name in self._tickets[name].cancelled

  def _cancel(self) -> None:
    """Stops runs that were cancelled."""
    for name, (worker, _, _) in self._running.items():
      if self._cancelled(name) and name not in self._asked:
        self._asked.add(name)
        worker.ask(signal.SIGTERM)

  def _take(self, executor: Local, share: Share) -> bool:
    """Starts the first run that is free; False if none is."""
    self._busy = {}
    for name, home in self.homes.items():
      if name in self._running or name in self.done or name in self.failed:
        continue
      turn = Workdir(home.turn)
      with contextlib.ExitStack() as stack:
        try:
          if self._settled(name):
            continue
          holders = turn.seen(self._watch), home.seen(self._watch)
          if holders != (False, False):
            self._busy[name] = True if True in holders else None
            continue
          stack.enter_context(turn.lock(self._watch))
          if self._settled(name):  # by the worker that had it until now
            continue
          worker = executor.start(home, *self._passed, share=share, log=home.log)
        except InUse:
          self._busy[name] = True
        except (UserError, OSError) as e:
          self._fail(name, str(e))
        else:
          print(f"{home}: started", flush=True)
          self._running[name] = worker, share, stack.pop_all()
          self._asked.discard(name)
          return True
    return False

  def _settled(self, name: str) -> bool:
    """Whether the run is done or has failed."""
    seen = settled(self.homes[name], self._tickets[name].before.get(name))
    if seen is not None and seen.state == "done":
      self.done.add(name)
    return seen is not None

  def _ended(self, executor: Local, name: str) -> Share | None:
    """What a run had of the machine, if it has ended; otherwise None."""
    worker, share, stack = self._running[name]
    code = worker.code()
    if code is None:
      return None
    executor.forget(worker)
    del self._running[name]
    home = worker.home
    with stack:
      last = home.read_status()
      if last.get("state") == "done":
        self.done.add(name)
        self.mine.add(name)
        print(f"{home}: done", flush=True)
      elif code == CONTINUE:
        print(f"{home}: stopped", flush=True)
        if not (executor.stopped or self._cancelled(name) or self._stops.goes_on(home)):
          self._fail(name, failure(home, CONTINUE, home.log))
      elif home.seen(self._watch) is False:  # else it was turned away by a run that is no pool's
        if code == DONE:
          reason = "its worker ended with exit code 0 before the run was done"
          record_failure(home, {}, reason=reason)
        self._fail(name, failure(home, code, home.log))
    return share

  def _fail(self, name: str, reason: str) -> None:
    self.failed[name] = reason
    print(f"{self.folder / name}: failed: {reason}", file=sys.stderr, flush=True)

  def _report(self, stopped: bool) -> int:
    """Says how the list stands; returns the exit code."""
    for name in self.homes.keys() - self.done:
      self._settled(name)
    count = len(self.homes)
    print(f"{len(self.done)} of {count} runs are done, {len(self.mine)} of them by this worker")
    if self.failed:
      print(f"{len(self.failed)} failed here:", file=sys.stderr)
      for name, reason in self.failed.items():
        print(f"  {name}: {reason}", file=sys.stderr)
    if self._busy and not stopped:
      busy = len(self._busy)
      print(f"{busy} at work elsewhere; should a worker die, start one again (or use --wait)")
    place = shlex.quote(str(self.folder))
    print(f"how they are doing: python launch.py status --workdir={place}", flush=True)
    return CONTINUE if stopped else FAILED if self.failed else DONE


if __name__ == "__main__":
  cli.entry(main)
