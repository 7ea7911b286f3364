"""States on disk: saved without stopping the training, and restored whole or not at all."""

import logging
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import orbax.checkpoint as ocp
from jaxtyping import Array, Shaped, UInt

from nmt import digests
from nmt.digests import FACTS, sealed
from nmt.errors import UserError, first_line
from nmt.files import write_json
from nmt.training import sharding
from nmt.training.progress import Progress
from nmt.training.step import State

logging.getLogger("absl").setLevel(logging.CRITICAL)  # Orbax logs the stack of all it raises

ARRAYS = (
  "params",
  "optimizer",
  "average",
  "objective",
)  # of a state; the rest follows from the progress
_FOREVER = 4 * 10**9  # seconds: Orbax reads them from a clock that may jump by any number
PATIENCE = 10.0  # seconds in which files of another machine's checkpoint may still appear


class Checkpoints:
  """The checkpoints of a run: the last `keep` ones, the best, and those `chosen` for good.

  A checkpoint is a folder named by its update. Orbax gives it that name once it is whole, digests
  of its files included, so a process that dies while saving leaves the ones before it.
  """

  def __init__(self, folder: Path, keep: int, chosen: Callable[[int], bool] = lambda _: False):
    self.folder = folder
    self._best = 0
    self._saved = _NOTHING
    self._saving = 0  # the update whose save is under way, or was the last
    self._manager = ocp.CheckpointManager(
      folder.absolute(),
      options=ocp.CheckpointManagerOptions(
        preservation_policy=_Stay(keep, chosen, self),
        cleanup_tmp_directories=True,
        async_options=ocp.AsyncOptions(
          timeout_secs=_FOREVER,
          create_directories_asynchronously=False,
          post_finalization_callback=self._record,
        ),
      ),
    )

  def save(self, state: State, progress: Progress) -> None:
    """Starts saving; the state may be donated once this returns.

    Does nothing if this very state is saved. One saved before its validation, or before the run
    went back to it, keeps its arrays and gets the new progress. UserError: the first checkpoint of
    this process can't be read back.
    """
    if self._saved == _mark(progress):
      return
    arrays = {key: state[key] for key in ARRAYS if key in state}
    facts = sealed({"progress": progress.as_dict(), "digests": _digests(arrays)})
    self._best = progress.best_update
    first = self._saved == _NOTHING
    if self._manager.latest_step() == progress.update:
      self._manager.wait_until_finished()
      if sharding.first():
        write_json(self.folder / str(progress.update) / FACTS, facts)
      sharding.meet()
    else:
      self._manager.wait_until_finished()
      self._saving = progress.update
      items = {key: ocp.args.StandardSave(tree) for key, tree in arrays.items()}
      self._manager.save(
        progress.update, args=ocp.args.Composite(facts=ocp.args.JsonSave(facts), **items)
      )
    self._saved = _mark(progress)
    if first:
      self._manager.wait_until_finished()
      _read_back(self._manager, progress.update, arrays, self.folder)

  def restore(self, abstract: State) -> tuple[State, Progress] | None:
    """The last whole checkpoint, or None if there are none.

    `abstract` gives shapes, types and shardings, so that any mesh can go on with it. Damaged ones
    are reported and moved aside. Raises UserError if none is whole.
    """
    wanted = {key: abstract[key] for key in ARRAYS if key in abstract}
    damaged = []
    self._manager.wait_until_finished()
    for update in sorted(self._manager.all_steps(), reverse=True):
      try:
        _check(self.folder / str(update))
        arrays, progress = read(self._manager, update, wanted)
      except Exception as e:
        damaged.append(update)
        _say(f"checkpoint {update} can't be read ({first_line(e)[:200]})")
        continue
      self._set_aside(damaged)
      if damaged:
        _say(f"going on from checkpoint {update}, the last whole one")
      scalars = {"update": jnp.int32(progress.update), "finite": jnp.bool_(True)}
      self._best, self._saved = progress.best_update, _mark(progress)
      return arrays | {
        key: jax.device_put(value, abstract[key].sharding) for key, value in scalars.items()
      }, progress
    if damaged:
      raise UserError(f"no checkpoint in {self.folder} is whole; remove it to start again")
    return None

  def forget(self, after: int) -> None:
    """Deletes the checkpoints of later updates."""
    self._manager.wait_until_finished()
    for update in self._manager.all_steps():
      if update > after:
        self._manager.delete(update)
    self._manager.wait_until_finished()

  def last(self) -> int:
    """The update of the last checkpoint, once it is on disk; 0 if there are none."""
    self._manager.wait_until_finished()
    return self._manager.latest_step() or 0

  def __enter__(self) -> "Checkpoints":
    return self

  def __exit__(self, *error: object) -> None:
    """Waits until all is on disk."""
    self._manager.close()

  def _record(self) -> None:
    """Adds the digests to a checkpoint that is whole but for its name."""
    if jax.process_index() == 0:
      for place in self.folder.glob(f"{self._saving}.orbax-checkpoint-tmp*"):
        digests.record(place)

  def _set_aside(self, damaged: list[int]) -> None:
    sharding.meet()
    for update in damaged if sharding.first() else ():
      beside = self.folder.with_name(f"{self.folder.name}.damaged")
      beside.mkdir(exist_ok=True)
      number = len(list(beside.iterdir()))
      os.replace(self.folder / str(update), beside / f"{update}.{number}")
    sharding.meet()
    if damaged:
      self._manager.reload()


_NOTHING = 0, 0, 0


def _mark(progress: Progress) -> tuple[int, int, int]:
  """What tells a progress worth saving from the one saved before."""
  return progress.update, progress.validated, progress.fallbacks


class _Stay:
  """Which checkpoints stay."""

  def __init__(self, keep: int, chosen: Callable[[int], bool], owner: Checkpoints):
    self.keep, self.chosen, self.owner = keep, chosen, owner

  def should_preserve(self, checkpoints: Sequence[Any], *, context: Any) -> Sequence[bool]:
    last = len(checkpoints) - self.keep
    return [
      i >= last or c.step == self.owner._best or self.chosen(c.step)
      for i, c in enumerate(checkpoints)
    ]


def read(
  manager: ocp.CheckpointManager, update: int, wanted: dict[str, Any]
) -> tuple[dict[str, Any], Progress]:
  """The arrays asked for, checked against what was saved bit for bit, and the progress."""
  items = {key: ocp.args.StandardRestore(tree) for key, tree in wanted.items()}
  found = manager.restore(update, args=ocp.args.Composite(facts=ocp.args.JsonRestore(), **items))
  facts, arrays = found["facts"], {key: found[key] for key in wanted}
  # Those written before there were seals have none.
  if facts.keys() - {"seal"} != {"progress", "digests"} or (
    "seal" in facts and facts != sealed(facts)
  ):
    raise ValueError("its progress differs from what was saved")
  for key, digest in _digests(arrays).items():
    if digest != facts["digests"][key]:
      raise ValueError(f"{key} differ from what was saved")
  progress = Progress.of(facts["progress"])
  if progress.update != update:
    raise ValueError(f"it is of update {progress.update}")
  return arrays, progress


def _check(folder: Path) -> None:
  """Raises ValueError unless the files of a checkpoint are those that were saved."""
  if faults := digests.verify(folder, PATIENCE):
    more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
    raise ValueError(f"{faults[0]}{more}")


def probe(folder: Path) -> None:
  """Raises UserError unless a checkpoint written beside `folder` can be read back."""
  place = folder.with_name(f"{folder.name}.probe")
  shutil.rmtree(place, ignore_errors=True)
  arrays = {"params": {"x": jnp.arange(8, dtype=jnp.float32)}}
  facts = sealed({"progress": Progress(0, update=1).as_dict(), "digests": _digests(arrays)})
  try:
    with ocp.CheckpointManager(place.absolute()) as manager:
      item = ocp.args.StandardSave(arrays["params"])
      manager.save(1, args=ocp.args.Composite(facts=ocp.args.JsonSave(facts), params=item))
      manager.wait_until_finished()
      _read_back(manager, 1, arrays, folder)
  finally:
    shutil.rmtree(place, ignore_errors=True)


def _read_back(
  manager: ocp.CheckpointManager, update: int, arrays: dict[str, Any], folder: Path
) -> None:
  """Raises UserError unless the checkpoint just written can be read and holds these arrays."""
  like = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding), arrays)
  try:
    for key, tree in like.items():  # one by one: a device may not hold all of them twice
      read(manager, update, {key: tree})
  except Exception as e:
    raise UserError(
      f"a checkpoint in {folder} can't be read back: use a workdir with only letters, digits "
      f"and . , = + - _ in its path ({first_line(e)[:200]})"
    ) from e


def _digests(trees: dict[str, Any]) -> dict[str, int]:
  """A number for each tree that changes with any of its bits, whatever the mesh."""
  return {key: int(_digest(tree)) for key, tree in trees.items()}


@jax.jit
def _digest(tree: Any) -> UInt[Array, ""]:
  def one(x: Shaped[Array, "..."]) -> UInt[Array, ""]:
    bits = jax.lax.bitcast_convert_type(x, jnp.dtype(f"uint{8 * x.dtype.itemsize}"))
    return bits.astype(jnp.uint32).sum(dtype=jnp.uint32)

  # Each array has its own odd factor, so that two of them can't change places.
  numbers = [(2 * i + 1) * one(x) for i, x in enumerate(jax.tree.leaves(tree))]
  return sum(numbers, start=jnp.uint32(0))


def _say(line: str) -> None:
  if sharding.first():
    print(f"warning: {line}", file=sys.stderr, flush=True)


def updates(folder: Path) -> list[int]:
  """The updates of a folder's checkpoints, oldest first; empty if there is no such folder."""
  if not folder.is_dir():
    return []
  return sorted(ocp.path.step.checkpoint_steps(folder.absolute()))


def load(folder: Path, which: str | int, name: str, abstract: Any) -> tuple[Any, int]:
  """One tree of a folder's `best` or `last` checkpoint, or of an update's; and its update.

  Nothing in the folder changes, so a live run may own it. A damaged best or last one is replaced by
  the last whole one, with a warning. Raises UserError if there is none.
  """
  there = updates(folder)
  names = ["best", "last", *map(str, there)]
  if str(which) not in names:
    raise UserError(f"{folder} has no checkpoint {which}, only {', '.join(names)}")
  mine, count = sharding.process()
  alone = ocp.options.MultiprocessingOptions()
  if count > 1:  # the others need not load it, or not now
    alone = ocp.options.MultiprocessingOptions(mine, {mine}, f"process {mine} loads")
  options = ocp.CheckpointManagerOptions(
    create=False, enable_async_checkpointing=False, multiprocessing_options=alone
  )
  with ocp.CheckpointManager(folder.absolute(), options=options) as manager:
    candidates = there[::-1]
    if which == "best":
      candidates = [best_of(manager, candidates), *candidates]
    elif which != "last":
      candidates = [int(which)]
    for update in candidates:
      try:
        return read(manager, update, {name: abstract})[0][name], update
      except Exception as e:
        _say(f"checkpoint {update} can't be read ({first_line(e)[:200]})")
  raise UserError(f"no checkpoint in {folder} is whole")


def best_of(manager: ocp.CheckpointManager, candidates: list[int]) -> int:
  """The best update that the newest legible progress knows of, or else the newest."""
  for update in candidates:
    try:
      progress = read(manager, update, {})[1]
    except Exception:  # the arrays may still be whole, but their reader will say so
      continue
    return progress.best_update if progress.best_update in candidates else update
  return candidates[0]
