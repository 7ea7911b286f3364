"""Files that are written whole or not at all, whatever happens meanwhile, and JSON in them."""

import contextlib
import errno
import json
import os
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from nmt.errors import UserError

FULL = (errno.ENOSPC, errno.EDQUOT)  # there is no room


@contextlib.contextmanager
def naming(path: str | os.PathLike[str], beside: Path | None = None) -> Iterator[None]:
  """Inside, an OSError that names no file (a full disk), or `beside`, gets the name of `path`."""
  try:
    yield
  except OSError as e:
    # Without an errno it is the caller's own, and Python would show the name alone.
    if e.errno is not None and e.filename in (None, str(beside)):
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
  beside = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}")
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
