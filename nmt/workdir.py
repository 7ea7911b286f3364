"""The folder of one run: where each of its files lies, who is using it, and how it is doing."""

import contextlib
import errno
import fcntl
import json
import os
import socket
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from nmt.errors import UserError

_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextlib.contextmanager
def naming(path: str | os.PathLike[str], beside: Path | None = None) -> Iterator[None]:
  """Inside, an OSError that names no file (a full disk), or `beside`, gets the name of `path`."""
  try:
    yield
  except OSError as e:
    if e.filename in (None, str(beside)):
      e.filename = os.fspath(path)
    raise


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str], mode: str = "w") -> Iterator[IO[Any]]:
  """Opens `path` to be written ("w": UTF-8, or "wb") whole or, where something fails, not at all.

  The new file is made beside the old one and takes its place and permissions in the end; a link
  stays and what it leads to is replaced. What is there and is no regular file (/dev/stdout, a FIFO,
  `>(gzip)`) is written to as it is.
  """
  path = Path(path)
  # A surrogate (from a name that is not UTF-8) becomes what JSON reads as the same surrogate.
  text: dict[str, Any] = {}
  if "b" not in mode:
    text = {"encoding": "utf-8", "errors": "backslashreplace", "newline": "\n"}
  target = Path(os.path.realpath(path))
  beside = target.with_name(f".{target.name}.{os.getpid()}")
  with naming(path, beside):
    number = _descriptor(path)
    if number is not None:
      if sys.stdout is not None:
        sys.stdout.flush()  # what was printed before comes before
      with open(os.dup(number), mode, **text) as file:
        yield file
    elif path.exists() and not path.is_file():
      with open(path, mode, **text) as file:
        yield file
    else:
      try:
        with open(beside, mode, **text) as file:
          yield file
          file.flush()
          os.fsync(file.fileno())
        if target.exists():
          beside.chmod(stat.S_IMODE(target.stat().st_mode))
        os.replace(beside, target)
      finally:
        beside.unlink(missing_ok=True)


def _descriptor(path: Path) -> int | None:
  """The number of the open file that `path` (/dev/stdout, /dev/fd/63) stands for, if it does.

  To open such a path again would empty the file that it was redirected to.
  """
  name = os.fspath(path)
  for _ in range(40):  # as many links as Linux follows
    folder, last = os.path.split(name)
    folder = os.path.realpath(folder)
    if folder == f"/proc/{os.getpid()}/fd" and last.isdecimal():
      return int(last)
    if not os.path.islink(name):
      break
    name = os.path.join(folder, os.readlink(name))
  return None


def check_output(flag: str, path: Path | None) -> None:
  """Raises UserError if the file that `flag` asks for (None: no file) can't be written."""
  if path is None:
    return
  folder = Path(os.path.realpath(path)).parent
  if path.is_dir():
    raise UserError(f"{flag}={path} is a folder; name a file in it")
  if not path.exists() and not folder.is_dir():
    raise UserError(f"{flag}={path}: there is no folder {folder}; make it first")
  special = path.exists() and not path.is_file()
  if not os.access(path if special else folder, os.W_OK):
    raise UserError(f"{flag}={path}: {path if special else folder} can't be written")


def write_json(path: str | os.PathLike[str], value: Any) -> None:
  """Writes `value` as JSON, as `replacing` does."""
  with replacing(path) as file:
    json.dump(value, file, indent=2, ensure_ascii=False)
    file.write("\n")


def read_json(path: str | os.PathLike[str]) -> Any:
  """Reads JSON; a missing or damaged file is a UserError that names it."""
  try:
    return json.loads(Path(path).read_text(encoding="utf-8"))
  except FileNotFoundError:
    raise UserError(f"{path}: no such file") from None
  except (UnicodeDecodeError, json.JSONDecodeError) as e:
    raise UserError(f"{path}: not JSON ({e})") from None


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
      if e.errno not in _FULL or not self.status_file.exists():
        raise
      # There is no room for another file, but still that of the old one.
      with open(self.status_file, "r+b", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        file.write(json.dumps(value).encode().ljust(size))

  def read_status(self) -> dict[str, Any]:
    """The last status written; empty if there is none, or a part of one (the disk was full)."""
    try:
      return read_json(self.status_file)
    except UserError:
      return {}
