"""A copy of the code at submission: W/code/<hash>, which workers elsewhere run from.

Jobs may wait for days while the checkout goes on changing. The copy holds what git tracks, as it
is now, and what it would track; where there is no git, nmt and configs alone. It is called by the
hash of its content, so equal code is copied once.
"""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from nmt.errors import UserError
from nmt.workdir import Workdir

ROOT = Path(__file__).resolve().parents[2]
_LONG = 16  # digits of a name
LARGEST = 200 << 20  # bytes; more is data that git was not told to ignore


def take(folder: Path, root: Path = ROOT) -> Path:
  """Copies the code to W/code/<hash> of the folder W, if it is not there; returns that folder."""
  names = _listed(root, folder)
  kept = Workdir(folder).code
  place = kept / _digest(root, names)[:_LONG]
  if place.is_dir():
    return place
  beside = kept / f".{place.name}.{os.getpid()}"
  try:
    for name in names:
      target = beside / name
      target.parent.mkdir(parents=True, exist_ok=True)
      shutil.copy2(root / name, target, follow_symlinks=False)
    os.rename(beside, place)
  except OSError as e:
    if not place.is_dir():  # not copied by another process, meanwhile
      raise UserError(f"{place}: the code can't be copied there ({e.strerror})") from None
  finally:
    shutil.rmtree(beside, ignore_errors=True)
  return place


def name(folder: Path, root: Path = ROOT) -> str:
  """What `take` would call the copy, which need not be there."""
  return _digest(root, _listed(root, folder))[:_LONG]


def _listed(root: Path, folder: Path) -> list[str]:
  """The files to copy, relative to `root`, in order; none within the folder W of the runs."""
  git = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
  try:
    done = subprocess.run(git, capture_output=True, check=True, timeout=60)
    found = {os.fsdecode(name) for name in done.stdout.split(b"\0") if name}
  except (OSError, subprocess.SubprocessError):
    found = set()
  if not any(name.startswith("nmt/") for name in found):  # no git, or that of another project
    # configs/base.py says which keys there are.
    package = (path for part in ("nmt", "configs") for path in (root / part).rglob("*"))
    found = {
      str(path.relative_to(root)) for path in package if path.is_file() and path.suffix != ".pyc"
    }
  own = folder.resolve()
  names = []
  size = 0
  for name in sorted(found):
    path = root / name
    if not (path.is_file() or path.is_symlink()):  # deleted, or another repository within this one
      continue
    if own in path.resolve().parents:
      continue
    names.append(name)
    size += path.lstat().st_size
  if size > LARGEST:
    largest = max(names, key=lambda name: (root / name).lstat().st_size)
    raise UserError(
      f"the code to copy has {size >> 20} MiB, the largest file is {largest}; name what is no code "
      "in .gitignore"
    )
  return names


def _digest(root: Path, names: list[str]) -> str:
  found = hashlib.sha256()
  for name in names:
    path = root / name
    if path.is_symlink():
      kind, content = "link", os.fsencode(os.readlink(path))
    else:
      kind, content = "x" if os.access(path, os.X_OK) else "-", path.read_bytes()
    head = f"{kind} {len(content)} {name}\0".encode(errors="surrogateescape")
    found.update(head + content)
  return found.hexdigest()
