"""Runs that are made of the parameters of others: checked, written whole or not at all, scored."""

import dataclasses
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nmt import config as config_lib
from nmt import models, provenance
from nmt.analysis.place import Place
from nmt.data.corpora import open_corpus
from nmt.data.tokenizers import Tokenizer
from nmt.decoding.trained import Run
from nmt.errors import UserError
from nmt.evaluation import results
from nmt.evaluation.report import report
from nmt.files import read_json, write_json
from nmt.launching.claim import changed
from nmt.launching.identity import fingerprint
from nmt.loading import load
from nmt.training.checkpoints import Checkpoints
from nmt.training.progress import Progress
from nmt.training.transfer import B_O, E_X, E_Y, W_O
from nmt.workdir import Workdir

_SHOWN = 3  # names in a line
_TRAINING = ("init", "precision")  # keys of a model, beside dropout, that its parameters outlive


@dataclasses.dataclass(frozen=True)
class Made:
  """A new run. made_of: what provenance.json says of it; bleu: by split, then by run.

  The BLEU of a run that the new one is made of is None unless it was tested at that checkpoint.
  """

  path: str
  update: int
  made_of: dict[str, Any]
  bleu: dict[str, dict[str, float | None]]


def vacant(new: Path) -> None:
  """Raises UserError unless a new run can be made there."""
  if os.path.lexists(new):
    raise UserError(f"-o {new} is there already; name a new folder")
  parent = new.absolute().parent
  if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
    raise UserError(f"-o {new}: there is no folder {parent} that can be written; make it first")


def check(runs: Mapping[str, Run], names: Iterable[str] | None = None) -> None:
  """Raises UserError unless all have the parameters of these names, alike and for the same words.

  names: those that matter; None: all that any has, and that the models compute the same with them.
  """
  (first, one), *others = runs.items()
  mine = models.flat(one.params)
  wanted = None if names is None else set(names)
  for name, run in others:
    theirs = models.flat(run.params)
    every = set(mine) | set(theirs) if wanted is None else wanted
    if missing := sorted(every - (set(mine) & set(theirs))):
      shown = ", ".join(missing[:_SHOWN]) + (" ..." if len(missing) > _SHOWN else "")
      raise UserError(f"{first} and {name} are of different models: only one has {shown}")
    for key in sorted(every):
      if mine[key].shape != theirs[key].shape:
        ours, other = (" x ".join(map(str, x[key].shape)) for x in (mine, theirs))
        raise UserError(f"{key} is {ours} in {first} but {other} in {name}: they don't fit")
    if wanted is None:
      _alike(first, one, name, run)
    if E_X in every:
      _same("source", first, one.source, name, run.source)
    if every & {E_Y, W_O, B_O}:
      _same("target", first, one.target, name, run.target)


def _alike(first: str, one: Run, name: str, run: Run) -> None:
  mine, theirs = (config_lib.flatten(x.config.model) for x in (one, run))
  for key in changed(mine, theirs):
    if key not in _TRAINING and not key.startswith("dropout."):
      raise UserError(
        f"{first} and {name} are of different models: model.{key} is {mine.get(key)} in one and "
        f"{theirs.get(key)} in the other"
      )


def _same(side: str, first: str, mine: Tokenizer, name: str, theirs: Tokenizer) -> None:
  if mine.dump() != theirs.dump():
    ours, others = (one.pieces(range(one.size)) for one in (mine, theirs))
    pairs = enumerate(zip(ours, others, strict=True))
    row = next((at for at, pair in pairs if pair[0] != pair[1]), None)
    where = "they cut words differently" if row is None else (
      f"row {row} is {ours[row]} in one and {others[row]} in the other"
    )  # fmt: skip
    raise UserError(f"{first} and {name} have other {side} vocabularies ({where}): they don't fit")


def make(
  new: Path, like: Place, run: Run, arrays: Mapping[str, np.ndarray], made_of: dict[str, Any]
) -> Run:
  """Writes a run with the config and tokenizers of `run` and these parameters, and loads it.

  It has no optimizer and no average (train.ema=0), so that it can be translated with, evaluated and
  started from (train.start.run), but not gone on with. Nothing is left where writing fails.
  """
  vacant(new)
  config = run.config.copy_and_resolve_references()
  config.train.ema = 0.0
  beside = Workdir(new.absolute().with_name(f"{new.name}.unfinished-{os.getpid()}"))
  old = like.home
  try:
    beside.make()
    shutil.copytree(old.tokenizers, beside.tokenizers)
    if old.data.exists():
      shutil.copy(old.data, beside.data)
    _save(beside, run, arrays)
    facts = provenance.collect(["python", "-m", "nmt.analyze", *sys.argv[1:]])
    write_json(beside.provenance, facts | {"made_of": made_of})
    beside.status("done", update=run.update, updates=config.train.updates)
    config_lib.save(config, beside.config)
    vacant(new)
    os.rename(beside.path, new)
  finally:
    shutil.rmtree(beside.path, ignore_errors=True)
  return load(new)


def _save(home: Workdir, run: Run, arrays: Mapping[str, np.ndarray]) -> None:
  leaves = [arrays[name] for name in models.flat(run.params)]
  tree = jax.tree.unflatten(jax.tree.structure(run.params), leaves)
  state = {"params": jax.device_put(tree, jax.local_devices()[0])}
  progress = Progress(run.config.seed, update=run.update, best_update=run.update)
  with Checkpoints(home.checkpoints, keep=1) as saved:
    saved.save(state, progress)


def source(one: Place, run: Run) -> dict[str, Any]:
  """What is recorded of a run that another is made of."""
  recorded = read_json(one.home.provenance) if one.home.provenance.exists() else {}
  return {
    "run": str(one.path.resolve()),
    "update": run.update,
    "config": fingerprint(run.config),
    "commit": (recorded.get("git") or {}).get("commit"),
  }


def score(new: Path, run: Run, others: Mapping[str, tuple[Place, Run]]) -> dict[str, Any]:
  """Tests the new run, into its folder, and gives BLEU by split and run."""
  home, found = Workdir(new), {}
  for split in run.config.data.test:
    corpus = open_corpus(run.config.data, split)
    this = report(run, split, corpus.read(range(len(corpus))))
    results.write(home.test, split, this.texts, this.scores)
    found[split] = {name: _tested(place, other, split) for name, (place, other) in others.items()}
    found[split][str(new)] = this.scores["bleu"]["score"]
  return found


def _tested(one: Place, run: Run, split: str) -> float | None:
  path = one.home.test / f"{results.stem(split)}.json"
  if not path.exists():
    return None
  scores = read_json(path)
  return float(scores["bleu"]["score"]) if scores.get("update") == run.update else None


def show(console: Console, found: Made) -> None:
  """Prints where the new run is and, if it was tested, BLEU beside that of the others."""
  if found.bleu:
    table = Table(box=box.SIMPLE)
    table.add_column("BLEU", overflow="fold")
    for split in found.bleu:
      table.add_column(split, justify="right")
    for name in next(iter(found.bleu.values())):
      cells = [row[name] for row in found.bleu.values()]
      table.add_row(Text(name), *("-" if cell is None else f"{cell:.2f}" for cell in cells))
    console.print(table)
  console.print(f"written: {found.path}", markup=False, highlight=False, soft_wrap=True)


def named(places: Sequence[Place]) -> dict[str, tuple[Place, Run]]:
  """The runs by the words that name them, loaded. UserError: one is named twice."""
  words = [one.name for one in places]
  if len(set(words)) < len(words):
    raise UserError("a run is named twice: name two that differ")
  return {one.name: (one, one.load()) for one in places}
