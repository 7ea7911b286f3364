"""Checkpoints looked at rather than loaded: what one says of itself, and whether it is whole."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import orbax.checkpoint as ocp
from ml_collections import ConfigDict

from nmt.errors import UserError, first_line
from nmt.training import sharding, step
from nmt.training.checkpoints import ARRAYS, best_of, read, updates
from nmt.training.progress import Progress

TO_LOAD = ("facts", "params")
TO_GO_ON = (*TO_LOAD, "optimizer")


class Facts(NamedTuple):
  """Of one checkpoint: its progress, None if illegible, and what is missing or wrong, in words."""

  update: int
  progress: Progress | None
  faults: list[str]


def facts(folder: Path, which: str | int, needed: Sequence[str] = TO_GO_ON) -> Facts:
  """What a folder's `best` or `last` checkpoint, or that of an update, says; no array is read.

  needed: what has to be there. Nothing changes. UserError: there is no such checkpoint.
  """
  with _manager(folder) as manager:
    update = _update(folder, which, manager)
    place = folder / str(update)
    faults = [f"{key} missing" for key in needed if not (place / key).is_dir()]
    try:
      return Facts(update, read(manager, update, {})[1], faults)
    except Exception as e:
      return Facts(update, None, [*faults, f"illegible: {first_line(e)[:200]}"])


def trees(
  config: ConfigDict, sizes: tuple[int, int], folder: Path, update: int
) -> Iterator[tuple[str, Any]]:
  """Each tree of a checkpoint: its arrays by name, or a line that says how it is damaged.

  They are checked against what was saved bit for bit, and put together on one device. sizes: of the
  vocabularies of source and target.
  """
  mesh = sharding.build(ConfigDict({"data": 1, "model": 1}))
  abstract = step.build(config, *sizes, mesh).abstract
  with _manager(folder) as manager:
    for key in ARRAYS:
      if not (folder / str(update) / key).is_dir():
        continue
      if key not in abstract:
        yield key, "the config knows no such tree"
        continue
      try:
        found = read(manager, update, {key: abstract[key]})[0][key]
      except Exception as e:
        yield key, first_line(e)[:200]
        continue
      leaves = jax.tree.leaves_with_path(found)
      yield (
        key,
        {jax.tree_util.keystr(path, simple=True, separator="."): leaf for path, leaf in leaves},
      )


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
