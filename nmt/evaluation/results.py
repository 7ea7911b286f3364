"""The files of an evaluated split: what they are called, written whole, and read back."""

import hashlib
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nmt.data.text_files import one_line
from nmt.errors import UserError
from nmt.files import replacing, write_json

TEXTS = ("source", "hypotheses", "references")
_LONGEST = 150  # bytes of a stem; file systems allow 255 for a name, ending included


class Unwritten(UserError):
  """The results of a split could not be written where they belong; `found` is what was found."""

  def __init__(self, line: str, found: dict[str, Any]):
    super().__init__(line)
    self.found = found


def stem(split: str) -> str:
  """The name of a split's files: the split, with %2F for a slash; two splits never share one."""
  name = re.sub(r"[/%\0-\x1f]|^\.", lambda match: f"%{ord(match[0]):02X}", split)
  if len(name.encode()) <= _LONGEST:
    return name
  cut = name.encode()[:_LONGEST].decode(errors="ignore")
  return f"{cut}%-{hashlib.sha256(split.encode()).hexdigest()[:16]}"  # no split has %- in its name


def check(folder: Path, remedy: str) -> None:
  """Makes the folder and writes into it; raises UserError, with the remedy, where that fails."""
  try:
    folder.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=folder).close()
  except OSError as e:
    raise UserError(f"{folder} can't be written ({e.strerror}); {remedy}") from None


def write(folder: Path, split: str, texts: Sequence[Sequence[str]], found: dict[str, Any]) -> None:
  """Writes `<stem>.source`, `.hypotheses` and `.references`, a line each, and `.json`."""
  folder.mkdir(parents=True, exist_ok=True)
  for name, lines in zip(TEXTS, texts, strict=True):
    path = folder / f"{stem(split)}.{name}"
    with replacing(path) as file:
      file.writelines(f"{one_line(line)}\n" for line in lines)
  write_json(folder / f"{stem(split)}.json", found)


def rescue(
  folder: Path, split: str, texts: Sequence[Sequence[str]], found: dict[str, Any], error: OSError
) -> Unwritten:
  """Writes what `error` kept from being written into a folder for temporary files instead."""
  line = f"the results of {split} can't be written: {error.filename or folder}: {error.strerror}"
  try:
    other = Path(tempfile.mkdtemp(prefix="nmt-"))
    write(other, split, texts, found)
  except OSError:
    return Unwritten(f"{line}; the scores shown are all that is left", found)
  return Unwritten(f"{line}; they are in {other}", found)


def texts(folder: Path, split: str) -> dict[str, list[str]]:
  """Reads the three texts of a split back; raises UserError if one of them is missing."""
  read = {}
  for name in TEXTS:
    path = folder / f"{stem(split)}.{name}"
    try:
      text = path.read_text(encoding="utf-8")
    except OSError as e:
      raise UserError(f"{path}: {e.strerror}; the run was not tested on {split}") from None
    read[name] = text.removesuffix("\n").split("\n")
  return read
