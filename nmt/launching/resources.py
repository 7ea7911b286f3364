"""What of a cluster a run needs: --resources=gpus=8,nodes=2,time=24h,partition=a100.

Resources say where a run computes, never what: they are flags, no config keys, and no part of what
makes a run the run it is.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any

from nmt.errors import UserError, nearest

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}


@dataclasses.dataclass(frozen=True)
class Resources:
  """Of one run. None: as the cluster has it.

  nodes: machines. gpus, cpus, memory: of each machine; gpu: the kind of GPU, as the cluster calls
  it. tasks: processes on each machine. time: the longest time of one job, in seconds. restarts: how
  often a run that was stopped is started again. own: keys of the executor alone.
  """

  nodes: int = 1
  gpus: int | None = None
  gpu: str | None = None
  cpus: int | None = None
  memory: str | None = None
  tasks: int = 1
  time: int | None = None
  restarts: int = 50
  own: Mapping[str, str] = dataclasses.field(default_factory=dict)

  def flat(self) -> dict[str, Any]:
    """What was asked for, by key, without what is left to the cluster."""
    value = dataclasses.asdict(self)
    own = value.pop("own")
    return {key: one for key, one in value.items() if one is not None} | dict(own)


def _count(text: str) -> int:
  if not text.isdecimal() or int(text) < 1:
    raise ValueError("a whole number of at least 1")
  return int(text)


def _number(text: str) -> int:
  if not text.isdecimal():
    raise ValueError("a whole number")
  return int(text)


def _word(text: str) -> str:
  if not re.fullmatch(r"[\w.+-]+", text, re.ASCII):
    raise ValueError("a name")
  return text


def _memory(text: str) -> str:
  if not re.fullmatch(r"[1-9]\d*[MGT]", text, re.ASCII):
    raise ValueError("a size such as 64G (M, G or T)")
  return text


def seconds(text: str) -> int:
  """`90m`, `24h`, `1d`, `1d12h`, or SLURM's [D-]HH:MM:SS; ValueError says what it can be."""
  clock = re.fullmatch(r"(?:(\d+)-)?(\d+):(\d\d):(\d\d)", text, re.ASCII)
  parts = re.findall(r"(\d+)(min|[smhd])", text, re.ASCII)
  if clock:
    days, hours, minutes, rest = (int(part or 0) for part in clock.groups())
    found = ((days * 24 + hours) * 60 + minutes) * 60 + rest
  elif parts and "".join(map("".join, parts)) == text:
    found = sum(int(number) * _UNITS[unit] for number, unit in parts)
  else:
    found = 0
  if found < 1:
    raise ValueError("a time such as 90m, 24h, 1d12h or 24:00:00")
  return found


_READ: dict[str, Callable[[str], Any]] = {
  "nodes": _count,
  "gpus": _number,
  "gpu": _word,
  "cpus": _count,
  "memory": _memory,
  "tasks": _count,
  "time": seconds,
  "restarts": _number,
}


def parse(text: str, own: Mapping[str, str]) -> Resources:
  """The resources in the text of --resources; `own`: the executor's own keys, with their meaning.

  A comma within brackets separates nothing: `exclude=n[1,3]`. Raises UserError, in one line, for an
  unknown key, one given twice and a wrong value.
  """
  found: dict[str, Any] = {}
  mine: dict[str, str] = {}
  for part in filter(None, re.split(r",(?![^\[\]]*\])", text)):
    key, equals, value = part.partition("=")
    known = [*_READ, *own]
    if key not in known:
      listed = ", ".join(known)
      raise UserError(f"--resources has no {key}{nearest(key, known)}; it has: {listed}")
    if not equals or not value:
      raise UserError(f"--resources: {key} has no value: write {key}=...")
    if key in found or key in mine:
      raise UserError(f"--resources: {key} is given twice")
    if re.search(r"[\s\x00-\x1f\x7f]", value):
      raise UserError(f"--resources: {key}={value!r} has a space in it")
    if key in own:
      mine[key] = value
      continue
    try:
      found[key] = _READ[key](value)
    except ValueError as e:
      raise UserError(f"--resources: {key}={value} is not {e}") from None
  return Resources(**found, own=mine)
