"""Where runs come from: code, versions, machine, data; and the commands that made them."""

import datetime
import shlex
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, NamedTuple

from nmt.errors import UserError
from nmt.files import read_json
from nmt.workdir import Workdir

_PACKAGES = ("nmt", "jax", "jaxlib", "flax", "optax", "numpy", "sacrebleu", "sentencepiece")


class Fact(NamedTuple):
  """What is known of the runs by one name: each value and the runs that have it, [] for all."""

  name: str
  values: list[tuple[str, list[str]]]


class Command(NamedTuple):
  """A command line, the commit that it was given on, and the runs that it made."""

  line: str
  commit: str
  changed: bool
  runs: list[str]


def facts(homes: Mapping[str, Workdir]) -> list[Fact]:
  """All that the runs recorded, one fact after the other; what no run recorded is left out.

  Runs that recorded nothing, such as those that have not begun, are left out too.
  """
  every = {name: own for name, home in homes.items() if (own := _facts(home))}
  names = dict.fromkeys(fact for own in every.values() for fact in own)
  found = []
  for fact in names:
    values: dict[str, list[str]] = {}
    for run, own in every.items():
      values.setdefault(own.get(fact) or "not recorded", []).append(run)
    shown = [(value, [] if len(values) == 1 else runs) for value, runs in values.items()]
    if list(values) != ["not recorded"]:
      found.append(Fact(fact, shown))
  return found


def commands(homes: Mapping[str, Workdir]) -> list[Command]:
  """Each command that started runs, with the runs that it started."""
  found: dict[tuple[str, str, bool], list[str]] = {}
  for name, home in homes.items():
    first = _read(home, "provenance")
    words = first.get("command")
    if not isinstance(words, list) or not words:
      continue
    git = _dict(first.get("git"))
    key = command(words), str(git.get("commit") or ""), bool(git.get("dirty"))
    found.setdefault(key, []).append(name)
  return [Command(*key, runs) for key, runs in found.items()]


def command(words: list[Any]) -> str:
  """What was typed, as a shell takes it: the program is a file of Python or a module of nmt."""
  program, *rest = map(str, words)
  path = PurePath(program)
  if path.parent.name == "nmt":
    start = ["python", "-m", f"nmt.{path.stem}"]
  else:
    start = ["python", path.name]
  return shlex.join([*start, *rest])


def _facts(home: Workdir) -> dict[str, str]:
  provenance, data, cost = (_read(home, name) for name in ("provenance", "data", "cost"))
  git, packages = _dict(provenance.get("git")), _dict(provenance.get("packages"))
  dirty = git.get("dirty")
  changes = "yes: the commit alone does not tell the code" if dirty else "none"
  digests = {split: _dict(data.get(split)).get("digest") for split in ("train", "valid")}
  found = {
    "commit": git.get("commit"),
    "uncommitted changes": None if dirty is None else changes,
    "Python": provenance.get("python"),
    "platform": provenance.get("platform"),
    "devices": cost.get("device"),
    "cores": provenance.get("cores") or provenance.get("cpus"),
    "packages": ", ".join(f"{name} {packages[name]}" for name in _PACKAGES if name in packages),
    "environment": ", ".join(f"{k}={v}" for k, v in _dict(provenance.get("environment")).items()),
    "training pairs": _dict(data.get("train")).get("pairs"),
    **{f"digest of the {split} split": digest for split, digest in digests.items()},
    "started": _moment(provenance.get("started")),
    "started again": len(provenance.get("resumed") or []) or None,
  }
  return {name: str(value) for name, value in found.items() if value not in (None, "")}


def _read(home: Workdir, name: str) -> dict[str, Any]:
  """A JSON object of the folder; empty where it is missing or damaged."""
  try:
    return _dict(read_json(getattr(home, name)))
  except UserError:
    return {}


def _dict(value: Any) -> dict[str, Any]:
  return value if isinstance(value, dict) else {}


def _moment(seconds: Any) -> str | None:
  if not isinstance(seconds, int | float):
    return None
  moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
  return f"{moment:%Y-%m-%d %H:%M} UTC"
