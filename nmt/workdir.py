"""The folder of one run: where each of its files lies, who is using it, and how it is doing."""

import contextlib
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nmt.errors import UserError
from nmt.files import FULL, read_json, write_json


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
    self.start = self.path / "start.json"
    self.tokenizers = self.path / "tokenizers"
    self.checkpoints = self.path / "checkpoints"
    self.test = self.path / "test"
    self.evaluations = self.path / "evaluations"
    self.profile = self.path / "profile"
    self.nonfinite = self.path / "nonfinite"
    self.lock_file = self.path / "lock"

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
  def lock(self) -> Iterator[None]:
    """Holds the folder for this process; raises UserError while another live run holds it.

    The kernel lets go of it when the process dies, however it dies, so no stale lock is left.
    """
    self.make()
    with contextlib.ExitStack() as stack:
      try:
        file = stack.enter_context(open(self.lock_file, "a+", encoding="utf-8"))
      except OSError as e:
        raise UserError(f"workdir {self} can't be written ({e.strerror})") from None
      # A child made by fork shares the lock and could outlive this process: it lets go at birth.
      os.register_at_fork(after_in_child=file.close)
      try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
      except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "another process"
        raise UserError(
          f"workdir {self} is in use by a live run ({holder}); wait for it, stop it, or choose "
          "another --workdir"
        ) from None
      file.seek(0)
      file.truncate()
      file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
      file.flush()
      yield

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
