"""Build once, keep: a folder appears whole or not at all, however many runs want it at once."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nmt.errors import UserError


def root(configured: str) -> Path:
  """The folder of all caches: `data.cache`, else $NMT_CACHE, else ~/.cache/nmt.

  UserError: there is no home folder (no $HOME, and a user without a name), and one is needed.
  """
  folder = Path(configured or os.environ.get("NMT_CACHE") or "~/.cache/nmt")
  try:
    return folder.expanduser()
  except RuntimeError:
    raise UserError(
      f"no place for the data cache: {folder} needs a home folder and there is none; "
      "set $NMT_CACHE or data.cache to a folder"
    ) from None


def key(**parts: Any) -> str:
  """A short name for everything that went into a result (JSON-able values)."""
  text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
  return hashlib.sha256(text.encode()).hexdigest()[:20]


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
  """Holds the lock file `path` exclusively; waits for whoever holds it."""
  path.parent.mkdir(parents=True, exist_ok=True)
  with open(path, "ab") as file:
    fcntl.flock(file, fcntl.LOCK_EX)  # released by the kernel even if this process is killed
    yield


def once(folder: Path, build: Callable[[Path], None]) -> Path:
  """Returns `folder`, first letting `build` fill a new folder beside it that is then renamed.

  Of two processes that ask at once, one builds and the other waits. What a killed build left behind
  is removed by the next one. UserError: the folder cannot be written.
  """
  if folder.exists():
    return folder
  try:
    with locked(folder.with_name(folder.name + ".lock")):
      if folder.exists():
        return folder
      for leftover in folder.parent.glob(folder.name + ".building-*"):
        shutil.rmtree(leftover)
      building = Path(tempfile.mkdtemp(prefix=folder.name + ".building-", dir=folder.parent))
      try:
        building.chmod(0o755)  # a cache may be shared
        build(building)
        os.replace(building, folder)
      except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
  except OSError as error:
    raise UserError(
      f"cannot write the data cache {folder}: {error.strerror or error}; "
      "set data.cache or $NMT_CACHE to a folder with room"
    ) from error
  return folder
