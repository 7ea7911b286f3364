"""The command line of a cluster, and where the folder W lies there."""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from nmt.errors import UserError
from nmt.launching.executors.base import Submission

_PATIENCE = 300  # seconds


class _Dumper(yaml.SafeDumper):
  """Writes texts of several lines as they are."""


_Dumper.add_representer(
  str,
  lambda dumper, text: dumper.represent_scalar(
    "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
  ),
)


def documents(*values: Mapping[str, Any]) -> str:
  """The YAML of some documents, their keys in order."""
  return str(yaml.dump_all(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100))


def needed(command: str) -> None:
  """Raises UserError where there is no such command."""
  if shutil.which(command) is None:
    raise UserError(f"{command} is not on PATH; start this where it is installed and set up")


def run(*command: str, stdin: str = "") -> str:
  """What a command prints; UserError, with what it complains of, if it fails."""
  needed(command[0])
  shown = " ".join(command[:3])
  try:
    done = subprocess.run(
      command, input=stdin, capture_output=True, text=True, errors="replace", timeout=_PATIENCE
    )
  except subprocess.TimeoutExpired:
    raise UserError(f"{shown} gave no answer in {_PATIENCE} seconds") from None
  if done.returncode:
    lines = map(str.strip, (done.stderr or done.stdout).splitlines())
    said = "; ".join(dict.fromkeys(filter(None, lines))) or f"exit code {done.returncode}"
    raise UserError(f"{shown}: {said[:500]}")
  return done.stdout


def mounted(order: Submission, own: str) -> str:
  """The folder that `mount` of --resources names, if W lies in it, as it has to; else UserError.

  own: the key that names what is mounted there.
  """
  wish = order.resources.own
  for key in (own, "mount"):
    if not wish.get(key):
      raise UserError(f"--resources needs {key}=...: W has to lie on storage that workers mount")
  mount = Path(wish["mount"])
  if not mount.is_absolute():
    raise UserError(f"--resources: mount={mount} is not an absolute path")
  if mount not in order.folder.parents:
    raise UserError(
      f"workdir {order.folder} does not lie in mount={mount}, where workers have {wish[own]}; "
      "mount it here as well, and choose a --workdir in it"
    )
  return str(mount)


def called(order: Submission, name: str) -> str:
  """What the job of a run is called: short, unique, in lower case ASCII letters, digits and -."""
  study = re.sub(r"[^a-z0-9]+", "-", order.study.lower())[:24].strip("-")
  unique = hashlib.sha256(f"{order.homes[name]} {order.id}".encode()).hexdigest()[:10]
  return f"{study if study[:1].isalpha() else f'run{study}'}-{unique}"
