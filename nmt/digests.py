"""Whether the files of a checkpoint are those that were saved: sizes and hashes, kept beside them.

W/checkpoints/<update>/digests.json has the size and the sha256 of each file in its folder. It is
written before the folder gets its name, so a checkpoint has it or is older than digests are. Three
files are not in it: the facts, which may be written again and have a seal of their own, and two in
which Orbax notes afterwards that the save ended.
"""

import hashlib
import json
import time
from pathlib import Path
from typing import Any

from nmt.errors import UserError
from nmt.files import read_json, write_json

NAME = "digests.json"
FACTS = Path("facts", "metadata")  # where Orbax's JSON handler puts what is no array
_LATER = {str(FACTS), "_CHECKPOINT_METADATA", "commit_success.txt"}
_PAUSE = 0.2  # seconds between two looks at files that may still come


def record(folder: Path) -> None:
  """Writes the digests of all files in a checkpoint's folder into it."""
  names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
  found = {
    name: {"bytes": (folder / name).stat().st_size, "sha256": _sha256(folder / name)}
    for name in names
    if name not in _LATER
  }
  write_json(folder / NAME, found)


def verify(folder: Path, patience: float = 0.0) -> list[str]:
  """What is wrong with the files of a checkpoint, a line each; empty if nothing is.

  Of a checkpoint without digests it is only known whether it has its facts.
  patience: seconds in which files that are missing or cut short may still appear, as happens on a
  file system that other machines write to.
  """
  until = time.monotonic() + patience
  while (faults := _absent(folder)) and time.monotonic() < until:
    time.sleep(_PAUSE)
  return faults or _changed(folder)


def sealed(facts: dict[str, Any]) -> dict[str, Any]:
  """`facts` with a hash of the rest, without which no bit of the progress would be checked."""
  rest = {key: value for key, value in facts.items() if key != "seal"}
  return rest | {"seal": hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()}


def _absent(folder: Path) -> list[str]:
  """What is missing, in whole or in part."""
  faults = []
  try:
    read_json(folder / FACTS)
  except UserError:
    faults = [f"{FACTS} is {'not JSON' if (folder / FACTS).exists() else 'missing'}"]
  try:
    recorded = _recorded(folder)
  except (UserError, LookupError, TypeError, ValueError, AttributeError):
    return [*faults, f"{NAME} is damaged"]
  for name, (size, _) in recorded.items():
    try:
      found = (folder / name).stat().st_size
    except OSError:
      faults.append(f"{name} is missing")
      continue
    if found != size:
      faults.append(f"{name} has {found} bytes in the place of {size}")
  return faults


def _changed(folder: Path) -> list[str]:
  """Files that have their size, but not their content."""
  recorded = _recorded(folder)
  faults = [
    f"{name} differs from what was saved"
    for name, (_, sha256) in recorded.items()
    if _sha256(folder / name) != sha256
  ]
  if recorded and not _has_its_seal(folder / FACTS):
    faults.append(f"{FACTS} differs from what was saved")
  return faults


def _recorded(folder: Path) -> dict[str, tuple[int, str]]:
  """Size and hash of each file, by its name; nothing for a checkpoint without digests."""
  if not (folder / NAME).exists():
    return {}
  found = read_json(folder / NAME)
  return {name: (int(known["bytes"]), str(known["sha256"])) for name, known in found.items()}


def _has_its_seal(path: Path) -> bool:
  try:
    facts = read_json(path)
    return bool(facts == sealed(facts))
  except (UserError, TypeError, AttributeError):
    return False


def _sha256(path: Path) -> str:
  with open(path, "rb") as file:
    return hashlib.file_digest(file, "sha256").hexdigest()
