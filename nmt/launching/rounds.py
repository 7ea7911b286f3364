"""Runs the points of a study, several at once where that is asked for, then its report."""

import collections
import contextlib
import fnmatch
import shlex
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ml_collections import ConfigDict

from nmt.errors import UserError, nearest
from nmt.exit_codes import CONTINUE, DONE, FAILED
from nmt.launching import claim, sweep
from nmt.launching.board import Board
from nmt.launching.local import PAUSE, Local, Worker, failure
from nmt.launching.shares import Share, divide
from nmt.launching.status import line
from nmt.launching.stops import Stops
from nmt.workdir import InUse, Workdir


class Round:
  """One pass over the points of a study that are to run.

  done, failed (with the reason), stopped: what became of them, by the names of their folders.
  """

  def __init__(self, study: sweep.Study, folder: Path, passed: Sequence[str] = ()):
    self.study = study
    self.homes = {name: Workdir(folder / name) for name in study.points}
    self.done: set[str] = set()
    self.failed: dict[str, str] = {}
    self.stopped: set[str] = set()
    self._passed = passed
    self._later: list[str] = []  # points at work elsewhere, or stopped by somebody else
    self._waited: set[str] = set()  # those that were such before
    self._stops = Stops()

  def look(self, names: Iterable[str]) -> dict[str, claim.State]:
    """What the folders of some points hold; those that are refused count as failed."""
    found, refused = look({name: self.homes[name] for name in names}, self.study.points)
    self.failed |= refused
    return found

  def run(self, found: Mapping[str, claim.State], parallel: int) -> None:
    """Runs these points, so many at once, until all have ended or a signal asks to stop.

    found: what `look` found in their folders. Those that are done come first, in a line each. Those
    that another process is running come last, and count as failed if it still is.
    """
    for name in (name for name, state in found.items() if state == "done"):
      self._finished(name)
    names = [name for name in found if name not in self.done]
    waiting = collections.deque(names)
    # No fewer where few are left to run: a run that goes on has the cores that it began with.
    shares = divide(min(parallel, len(self.homes)))
    running: dict[str, tuple[Worker, Share]] = {}
    beside = len(shares) > 1 and bool(names)
    with Local() as executor, contextlib.ExitStack() as stack:
      board = stack.enter_context(Board({n: self.homes[n] for n in names})) if beside else None
      while (waiting and not executor.stopped) or running:
        while waiting and shares and not executor.stopped:
          name = waiting.popleft()
          worker = self._start(executor, name, shares[0], beside)
          if worker is not None:
            running[name] = (worker, shares.pop(0))
          elif board is not None:
            board.ended(name)
        for name, (worker, share) in list(running.items()):
          code = worker.code()
          if code is not None:
            executor.forget(worker)
            del running[name]
            shares.append(share)
            self._ended(name, code, executor.stopped, board)
        if board is not None:
          board.show(running)
        if running:
          time.sleep(PAUSE)
        elif not waiting:
          waiting.extend(self._later)
          self._later.clear()
      waiting.extend(self._later)
      if waiting:
        self.stopped.update(waiting)
        more = f" (and {len(waiting) - 1} more)" if len(waiting) > 1 else ""
        print(
          f"{self.homes[waiting[0]]}: not started{more}; the same command goes on with it",
          flush=True,
        )

  def _start(self, executor: Local, name: str, share: Share, beside: bool) -> Worker | None:
    """Claims a point's folder and starts its worker, unless it is done or refused."""
    home = self.homes[name]
    try:
      state = claim.claim(home, self.study.points[name], len(share.cores) or None)
      if state == "done":  # by another launcher, meanwhile
        self._finished(name)
        return None
      log = home.log if beside else None
      print(f"{home}: {'starting' if state == 'new' else 'continuing'}", flush=True)
      return executor.start(home, *self._passed, share=share, log=log)
    except InUse as e:
      self._elsewhere(name, str(e))
    except (UserError, OSError) as e:
      self._refused(name, str(e))
    return None

  def _elsewhere(self, name: str, reason: str) -> None:
    """Puts a point off that another process is running: once."""
    if name in self._waited:
      self._refused(name, reason)
    else:
      self._later.append(name)
      self._waited.add(name)

  def _refused(self, name: str, reason: str) -> None:
    self.failed[name] = reason
    print(f"error: {reason}", file=sys.stderr)

  def _finished(self, name: str) -> None:
    self.done.add(name)
    print(f"{self.homes[name]}: finished already", flush=True)

  def _ended(self, name: str, code: int, stopping: bool, board: Board | None) -> None:
    home = self.homes[name]
    row = board.ended(name) if board is not None else None
    if code == DONE:
      self.done.add(name)
      if row is not None:
        print(f"{home}: done: {line(row)}", flush=True)
    elif code == CONTINUE and stopping:
      self.stopped.add(name)
      print(f"{home}: stopped; the same command continues it", flush=True)
    elif code == CONTINUE and self._stops.goes_on(home):
      self._later.append(name)
      print(f"{home}: stopped, and nobody here asked for it; it will go on", flush=True)
    elif home.held() or home.read_status().get("state") == "done":
      # Its worker was turned away by one that had begun meanwhile, and may have ended since.
      self._elsewhere(name, f"workdir {home} is in use by a live run")
    else:
      self.failed[name] = failure(home, code, home.log if board is not None else None)
      if stopping:
        self.stopped.add(name)
      if row is not None:
        print(f"{home}: failed: {self.failed[name]}", file=sys.stderr)


def look(
  homes: Mapping[str, Workdir], configs: Mapping[str, ConfigDict]
) -> tuple[dict[str, claim.State], dict[str, str]]:
  """What the folders of some runs hold, and why those that are refused are."""
  found: dict[str, claim.State] = {}
  refused: dict[str, str] = {}
  for name, home in homes.items():
    try:
      found[name] = claim.look(home, configs[name])
    except UserError as e:
      refused[name] = str(e)
  return found, refused


def run(
  study: sweep.Study,
  folder: Path,
  parallel: int = 1,
  only: str | None = None,
  passed: Sequence[str] = (),
) -> int:
  """Runs every point, then the report, or says which points failed and why; returns the exit code.

  only: `failed`, or a pattern (`*seed=1`) of the folders whose points are to run.
  passed: flags for the workers.
  """
  sweep.record(study, folder)
  this = Round(study, folder, passed)
  chosen = choose(this.homes, only)
  ready = this.look(chosen)
  if ready:  # what is refused is said before the others run for hours
    for reason in this.failed.values():
      print(f"error: {reason}", file=sys.stderr)
  this.run(ready, parallel)
  if this.failed:
    print(f"{len(this.failed)} of {len(chosen)} points failed:", file=sys.stderr)
    for name, reason in this.failed.items():
      print(f"  {name}: {reason}", file=sys.stderr)
    report = "; the report waits for them" if study.report else ""
    print(f"The same command tries them again, and no finished one{report}.", file=sys.stderr)
  if this.stopped or this.failed:
    return CONTINUE if this.stopped else FAILED
  return finish(study, folder, this)


def finish(study: sweep.Study, folder: Path, this: Round) -> int:
  """The report, once all points of the study are done; returns the exit code."""
  rest = [name for name in this.homes if name not in this.done]
  missing = [name for name, state in this.look(rest).items() if state != "done"]
  missing += this.failed
  if missing:
    print(f"{len(missing)} of {len(this.homes)} points of the study are not done yet", flush=True)
  elif study.report is not None:
    study.report({name: home.path for name, home in this.homes.items()})
  elif len(this.homes) > 1:
    print(f"the table: python launch.py results --workdir={shlex.quote(str(folder))}", flush=True)
  return DONE


def preview(study: sweep.Study, folder: Path, only: str | None = None) -> int:
  """Prints what `run` would do with each point, and does nothing; returns the exit code."""
  this = Round(study, folder)
  chosen = choose(this.homes, only)
  states = this.look(chosen)
  words = {"new": "start", "unfinished": "continue", "done": "nothing: it is done"}
  for name in chosen:
    print(f"{name}: {words[states[name]] if name in states else 'refused: ' + this.failed[name]}")
  left = sum(state != "done" for state in states.values())
  print(f"{len(this.homes)} points in {folder}, {left} of them to run")
  return FAILED if this.failed else DONE


def choose(homes: Mapping[str, Workdir], only: str | None) -> list[str]:
  """The names that `only` means; raises UserError where a pattern means none."""
  if only is None:
    return list(homes)
  if only == "failed":
    return [n for n, home in homes.items() if home.read_status().get("state") == "failed"]
  found = fnmatch.filter(homes, only)
  if not found:
    raise UserError(f"--only={only}: no point is called so{nearest(only, homes)}")
  return found
