"""Checkpoints looked at rather than loaded: what one says of itself, and whether it is whole."""

from pathlib import Path
from typing import NamedTuple

import orbax.checkpoint as ocp

from nmt.errors import UserError, first_line
from nmt.training.checkpoints import best_of, read, updates
from nmt.training.progress import Progress

_NEEDED = ("facts", "params", "optimizer")


class Facts(NamedTuple):
  """Of one checkpoint: its progress, None if illegible, and what is missing or wrong, in words."""

  update: int
  progress: Progress | None
  faults: list[str]


def facts(folder: Path, which: str | int) -> Facts:
  """What a folder's `best` or `last` checkpoint, or that of an update, says; no array is read.

  Nothing in the folder changes. UserError: there is no such checkpoint.
  """
  with _manager(folder) as manager:
    update = _update(folder, which, manager)
    place = folder / str(update)
    faults = [f"{key} missing" for key in _NEEDED if not (place / key).is_dir()]
    try:
      return Facts(update, read(manager, update, {})[1], faults)
    except Exception as e:
      return Facts(update, None, [*faults, f"illegible: {first_line(e)[:200]}"])


def _update(folder: Path, which: str | int, manager: ocp.CheckpointManager) -> int:
  there = updates(folder)
  names = ["best", "last", *map(str, there)] if there else []
  if str(which) not in names:
    raise UserError(f"{folder} has no checkpoint {which}, only {', '.join(names) or 'none'}")
  if which == "best":
    return best_of(manager, there[::-1])
  return there[-1] if which == "last" else int(which)


def _manager(folder: Path) -> ocp.CheckpointManager:
  options = ocp.CheckpointManagerOptions(create=False, enable_async_checkpointing=False)
  return ocp.CheckpointManager(folder.absolute(), options=options)
