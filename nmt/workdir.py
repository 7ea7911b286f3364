"""The folder of one run: where each of its files lies, who is using it, and how it is doing."""

import contextlib
import errno
import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from nmt import lease
from nmt.errors import UserError
from nmt.files import FULL, read_json, write_json

_GLANCE = 0.01  # seconds between two tries to get a lock
_BRIEF = 0.2  # seconds for which one that another process has is tried again
_ASKED = 60.0  # the same of one that others only share to ask: they are slow, or stopped
_NO_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)  # what a disk without locks answers


class InUse(UserError):
  """Another live run holds the folder."""


class Workdir:
  """Names of everything in a run's folder W; makes the folder on the first write, not before."""

  def __init__(self, path: str | os.PathLike[str]):
    self.path = Path(path)
    self.config = self.path / "config.json"
    self.provenance = self.path / "provenance.json"
    self.status_file = self.path / "status.json"
    self.metrics = self.path / "metrics.jsonl"
    self.tensorboard = self.path / "tensorboard"
    self.data = self.path / "data.json"
    self.cost = self.path / "cost.json"
    self.start = self.path / "start.json"
    self.tokenizers = self.path / "tokenizers"
    self.checkpoints = self.path / "checkpoints"
    self.test = self.path / "test"
    self.evaluations = self.path / "evaluations"
    self.profile = self.path / "profile"
    self.nonfinite = self.path / "nonfinite"
    self.lock_file = self.path / "lock"
    self.lease = self.path / "lock.lease"
    self.turn = self.path / "turn"  # held by the worker of a pool whose turn it is to run this
    self.log = self.path / "log"  # the worker's output, where several run at once
    self.study = self.path / "study.json"  # of a sweep, whose runs lie in folders of this one
    self.tickets = self.path / "tickets"  # what was handed over to a cluster, of a run or a sweep
    self.code = self.path / "code"  # and the copies of the code that its workers run from
    self.restarts = self.path / "restarts.json"  # how often a cluster has started the run again

  def __str__(self) -> str:
    return str(self.path)

  def make(self) -> None:
    """Makes the folder; raises UserError where that is not possible."""
    try:
      self.path.mkdir(parents=True, exist_ok=True)
    except OSError as e:
      raise UserError(f"workdir {self}: {e.strerror}; choose another with --workdir") from None
    if not os.access(self.path, os.W_OK | os.X_OK):
      raise UserError(f"workdir {self} can't be written; choose another with --workdir")

  @contextlib.contextmanager
  def lock(self, watch: lease.Watch | None = None) -> Iterator[None]:
    """Holds the folder for this process; raises InUse while another live run holds it.

    The kernel lets go of the lock when the process dies, however it dies. A lease beside it is for
    other machines, and for disks without locks. With a `watch`, a lease that may be alive or stale
    counts as alive, and is known to be stale some later time; without, this waits until it is
    known.
    """
    self.make()
    with contextlib.ExitStack() as stack:
      try:
        file = stack.enter_context(open(self.lock_file, "a+", encoding="utf-8"))
      except OSError as e:
        raise UserError(f"workdir {self} can't be written ({e.strerror})") from None
      # A child made by fork shares the lock and could outlive this process: it lets go at birth.
      os.register_at_fork(after_in_child=file.close)
      locked = _lock(file)
      if locked is False:
        raise self._in_use(lease.who(self.lease))
      try:
        stack.enter_context(lease.hold(self.lease, _device(file) if locked else None, watch))
      except lease.Held as e:
        raise self._in_use(str(e)) from None
      except OSError as e:
        raise UserError(f"workdir {self} can't be written ({e.strerror})") from None
      yield

  def _in_use(self, holder: str) -> InUse:
    return InUse(
      f"workdir {self} is in use by a live run ({holder}); wait for it, stop it, or choose "
      "another --workdir"
    )

  def held(self) -> bool:
    """Whether a live run holds the folder, on any machine.

    It takes up to lease.STALE seconds where only another machine knows. Nothing is written, so any
    folder may be asked about at any time.
    """
    watch = lease.Watch()
    return lease.settled(lambda: self.seen(watch))

  def seen(self, watch: lease.Watch) -> bool | None:
    """`held`, by what has been seen until now; None while that is not known."""
    try:
      with open(self.lock_file, "rb") as file:
        locked = _locks(file, fcntl.LOCK_SH)
        if locked is False:
          return True
        return watch.alive(self.lease, _device(file) if locked else None)
    except OSError:
      return False

  def status(self, state: str, **fields: Any) -> None:
    """Writes status.json: `state` (running, stopped, done, failed), `fields` and the time."""
    value = {"state": state, **fields, "time": time.time()}
    try:
      write_json(self.status_file, value)
    except OSError as e:
      if e.errno not in FULL or not self.status_file.exists():
        raise
      # There is no room for another file, but still that of the old one.
      with open(self.status_file, "r+b", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        file.write(json.dumps(value).encode().ljust(size))

  def read_status(self) -> dict[str, Any]:
    """The last status written; empty if there is none, or a part of one (the disk was full)."""
    try:
      status: dict[str, Any] = read_json(self.status_file)
      return status
    except UserError:
      return {}


def in_use(homes: Mapping[str, Workdir]) -> set[str]:
  """Which of some folders are held: `Workdir.held` of all at once, so that it waits once."""
  watch = lease.Watch()
  found: dict[str, bool | None] = dict.fromkeys(homes)

  def look() -> bool | None:
    for name in (name for name, known in found.items() if known is None):
      found[name] = homes[name].seen(watch)
    return None if None in found.values() else True

  if look() is None:
    count = list(found.values()).count(None)
    told = f"{count} of {len(found)} runs may be at work on another machine; that is known after"
    print(f"{told} up to {lease.STALE:.0f} s", file=sys.stderr, flush=True)
  lease.settled(look)
  return {name for name, known in found.items() if known}


def _lock(file: IO[Any]) -> bool | None:
  """Gets the lock for this process alone, as `_locks` says it; waits for those who only ask."""
  began = time.monotonic()
  while (locked := _locks(file, fcntl.LOCK_EX)) is False:
    asked = _locks(file, fcntl.LOCK_SH)  # got where others do no more than `seen` does
    fcntl.flock(file, fcntl.LOCK_UN)
    if time.monotonic() - began > (_ASKED if asked else _BRIEF):
      break
    time.sleep(_GLANCE)
  return locked


def _locks(file: IO[Any], kind: int) -> bool | None:
  """Whether the lock of this kind was got; None where the disk has no locks."""
  try:
    fcntl.flock(file, kind | fcntl.LOCK_NB)
  except BlockingIOError:
    return False
  except OSError as e:
    if e.errno not in _NO_LOCKS:
      raise
    return None
  return True


def _device(file: IO[Any]) -> int:
  return os.fstat(file.fileno()).st_dev
