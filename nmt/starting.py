"""What a new run begins with: parameters of another run, and given word vectors (train.start)."""

import dataclasses
import sys
from pathlib import Path
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from nmt import loading, models
from nmt.data import vectors
from nmt.data.pipeline import Prepared
from nmt.decoding.trained import Run
from nmt.errors import UserError
from nmt.files import write_json
from nmt.training import sharding, transfer
from nmt.training.transfer import E_X, E_Y, Report
from nmt.workdir import Workdir

_SHOWN = 6  # names in a line


def other(config: ConfigDict, home: Workdir) -> Run | None:
  """The run to start from, None if there is none; said before data are prepared: what is wrong.

  UserError: that run has no checkpoint, or a file of word vectors is missing, is none, or has
  vectors of another size than the model.
  """
  start, m = config.train.start, config.model.embedding
  for key in ("source_vectors", "target_vectors"):
    if not start[key]:
      continue
    if not Path(start[key]).is_file():
      raise UserError(f"train.start.{key}={start[key]}: no such file")
    if (width := vectors.width(Path(start[key]))) != m:
      raise UserError(
        f"train.start.{key}={start[key]} has {width} numbers a word, but model.embedding is {m}"
      )
  if not start.run:
    return None
  folder = _folder(config)
  if Path(folder).resolve() == home.path.resolve():
    raise UserError(f"train.start.run={folder} is this run itself; name another one")
  try:
    return loading.load(folder)
  except UserError as e:
    raise UserError(f"train.start.run: {e}") from None


def _folder(config: ConfigDict) -> str:
  """Of the run to start from; so that runs of a study may each start from one of their own seed."""
  return str(config.train.start.run).replace("{seed}", str(config.seed))


def parameters(config: ConfigDict, home: Workdir, prepared: Prepared, run: Run | None) -> Any:
  """The parameters of the first update, or None if all are as drawn.

  Given word vectors come after those of the other run. What was found is printed and written to
  W/start.json. UserError: nothing of the other run fits, or no word is in a file of word vectors.
  """
  start = config.train.start
  files = {E_X: start.source_vectors, E_Y: start.target_vectors}
  if run is None and not any(files.values()):
    return None
  sides = prepared.source, prepared.target
  tree = models.init(config.model, sides[0].size, sides[1].size, config.seed)
  ours = {name: np.array(leaf) for name, leaf in models.flat(tree).items()}
  words = transfer.vocabulary(sides[0]), transfer.vocabulary(sides[1])
  found: dict[str, Any] = {}
  if run:
    folder = _folder(config)
    theirs = jax.device_get(transfer.untied(run.config.model, models.flat(run.params)))
    there = transfer.vocabulary(run.source), transfer.vocabulary(run.target)
    report = transfer.transfer(ours, theirs, words, there)
    if report.empty():
      raise UserError(
        f"train.start.run={folder}: none of its parameters fits this model, by name and shape"
      )
    _tell(report, f"{folder}, update {run.update}", sides[1].kind)
    found["run"] = {"path": folder, "update": run.update, **dataclasses.asdict(report)}
  for name, path in files.items():
    if not path:
      continue
    side = int(name == E_Y)
    count = vectors.fill(ours[name], Path(path), words[side])
    if not count:
      raise UserError(
        f"{path} has none of the {len(words[side])} words of the vocabulary, such as "
        f"{', '.join(list(words[side])[:3])}"
      )
    _say(f"{name}: {count} of {len(words[side])} {_units(sides[side].kind)} are in {path}")
    found[name] = {"path": path, "found": count, "of": len(words[side])}
  if sharding.first():
    write_json(home.start, found)
  return jax.tree.unflatten(jax.tree.structure(tree), list(ours.values()))


def _tell(report: Report, where: str, kind: str) -> None:
  """What fits, what does not and what stays drawn, in a line each."""
  _say(f"{len(report.taken)} parameters are those of {where}")
  for name, (count, total) in report.words.items():
    _say(f"{name}: {count} of {total} {_units(kind)} are there too")
  shapes = [f"{name} {ours} here, {theirs} there" for name, (ours, theirs) in report.shapes.items()]
  for what, names in (
    ("drawn, of another shape", shapes),
    ("drawn, not there", report.drawn),
    ("there, but not in this model", report.unused),
  ):
    if names:
      more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
      _say(f"{what}: {', '.join(names[:_SHOWN])}{more}")


def _units(kind: str) -> str:
  return "words" if kind == "words" else "entries of the tokenizer, as they are,"


def _say(line: str) -> None:
  if sharding.first():
    print(f"start: {line}", file=sys.stderr)
