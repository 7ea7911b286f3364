"""The mean of several checkpoints' parameters, of one run or of several, as a new run.

All need the same model and vocabularies. The new run has the config of the first and is tested on
its test splits, unless --no-score is given. What is averaged is what translates: the running
average of a run with train.ema.
"""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nmt.analysis import made
from nmt.analysis.made import Made, show
from nmt.analysis.place import HELP, Place, place, weights_of
from nmt.arguments import positive
from nmt.errors import UserError

__all__ = ["arguments", "average", "mean", "run", "show"]


def arguments(parser: argparse.ArgumentParser) -> None:
  """The options of this verb."""
  add = parser.add_argument
  add("runs", metavar="W", nargs="+", help=HELP)
  add("-o", "--out", metavar="NEW", type=Path, required=True, help="the new run's folder")
  add("--last", type=positive, metavar="N", help="of one run W: its last N checkpoints")
  add("--no-score", action="store_true", help="don't translate the test splits")


def run(given: argparse.Namespace) -> Made:
  """Runs the verb as the command line asks for it."""
  places = [place(word) for word in given.runs]
  if given.last:
    if len(places) > 1:
      raise UserError("--last is of one run: name no other")
    places = last(places[0], given.last)
  return average(places, given.out, score=not given.no_score)


def last(one: Place, count: int) -> list[Place]:
  """The last checkpoints of a run, oldest first; UserError if it has fewer."""
  from nmt.training.checkpoints import updates

  there = updates(one.home.checkpoints)
  if len(there) < count:
    raise UserError(f"{one.name} has {len(there)} checkpoints: --last={count} is too many")
  return [Place(f"{one.path}@{update}", one.path, str(update)) for update in there[-count:]]


def average(places: Sequence[Place], new: Path, score: bool = True) -> Made:
  """Makes the run `new`. UserError: it is there already, or they don't fit together."""
  made.vacant(new)
  runs = made.named(places)
  made.check({name: one for name, (_, one) in runs.items()})
  first, one = next(iter(runs.values()))
  one = dataclasses.replace(one, update=max(other.update for _, other in runs.values()))
  arrays = mean([weights_of(other).arrays for _, other in runs.values()])
  made_of = {"verb": "average", "of": [made.source(*pair) for pair in runs.values()]}
  found = made.make(new, first, one, arrays, made_of)
  bleu = made.score(new, found, runs) if score else {}
  return Made(str(new), found.update, made_of, bleu)


def mean(several: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
  """The mean of each parameter, summed in float64, of the type that it had."""
  return {
    name: np.mean([one[name] for one in several], axis=0, dtype=np.float64).astype(array.dtype)
    for name, array in several[0].items()
  }
