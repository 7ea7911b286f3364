"""Executors: where workers run. Each but `local` is a file here, found by its name.

`local` runs workers itself and waits for them (nmt/launching/local.py, rounds.py). The others hand
runs over to something that starts workers elsewhere, and come back at once; base.py says how.
"""

import importlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from nmt.errors import UserError, nearest
from nmt.launching.executors import base
from nmt.launching.executors.base import Executor, Seen, Ticket
from nmt.workdir import Workdir

LOCAL = "local"


def names() -> list[str]:
  """What --executor may be."""
  files = sorted(path.stem for path in Path(__file__).parent.glob("*.py"))
  return [LOCAL, *(name for name in files if name != "base" and not name.startswith("_"))]


def find(name: str) -> Executor:
  """The executor of a file here; UserError for a name that none has, and for `local`."""
  known = names()
  if name not in known or name == LOCAL:
    raise UserError(f"unknown executor {name}; there are: {', '.join(known)}{nearest(name, known)}")
  module = importlib.import_module(f"{__name__}.{name}")
  found: Executor = module.EXECUTOR()
  return found


def newest(folder: Path, names: Iterable[str]) -> list[tuple[Ticket, list[str]]]:
  """The tickets of the folder W, each with those of some runs that no later one has."""
  left = set(names)
  found = []
  for ticket in reversed(base.tickets(folder)):
    mine = [name for name in ticket.runs if name in left]
    left -= set(mine)
    if mine:
      found.append((ticket, mine))
  return found


def poll(folder: Path, homes: Mapping[str, Workdir]) -> dict[str, Seen]:
  """How the runs that were handed over stand, by name; UserError if a cluster can't be asked."""
  found: dict[str, Seen] = {}
  for ticket, names in newest(folder, homes):
    found |= find(ticket.executor).poll(ticket, {name: homes[name] for name in names})
  return found
