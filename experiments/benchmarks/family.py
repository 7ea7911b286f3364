"""Does each pair of kinds that may be had together train?

A few hundred small models, each of one kind of every group, so chosen that each pair of kinds of
two groups is in one of them, unless it is refused. Each is trained on the embedded grammar for some
updates, the same batches for all.

  nice python -m experiments.benchmarks.family --lines results/family.jsonl

writes a line for each model with the loss a token of the first and of the last few updates, and
says of which pairs no model's loss fell. Started again, it goes on. Most of its time is compiling:
about TIME on two cores.
"""

import argparse
import collections
import functools
import itertools
import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.benchmarks import lines
from ml_collections import ConfigDict

from nmt import cli, fitting, kinds
from nmt.declarations import declared
from nmt.launching import flags
from nmt.progress_bar import shown

Choice = dict[str, str]  # kinds by key, such as model.cell.kind

# Of a config: sizes where they are an option.
SIZES = {
  "model.size": 24,
  "model.embedding": 24,
  "model.attention.size": 24,
  "model.attention.heads": 2,
  "model.readout.size": 24,
  "model.encoder.layers": 2,
  "model.encoder.value_layers": 1,
  "train.objective.samples": 4,
}
OTHER = {"model.init": "glorot", "mesh.data": 1}
FEW = 5  # updates that the losses of the beginning and of the end are means of


def pairs() -> list[Choice]:
  """All pairs of kinds of two different groups."""
  each = [[(f"{group}.kind", kind) for kind in kinds.names(group)] for group in kinds.PACKAGES]
  return [
    dict(pair)
    for one, other in itertools.combinations(each, 2)
    for pair in itertools.product(one, other)
  ]


def fits(choice: Choice) -> bool:
  """Whether these kinds may be had together, with `SIZES` and defaults."""
  return not any(fitting.clashes(choice, _values()))


@functools.cache
def _values() -> dict[str, Any]:
  """Of all keys, whatever kinds are chosen."""
  found = {key: option.default for key, option in declared({}).items()}
  for group in kinds.PACKAGES:
    for kind in kinds.names(group):
      found |= {f"{group}.{key}": o.default for key, o in kinds.options(group, kind).items()}
  return found | SIZES


@functools.cache
def covering(size: int = 2) -> list[Choice]:
  """One kind of every group in each, so that together they have all that may be had.

  size: all pairs of kinds (2), or all kinds (1). Greedy: from what is waiting on, each group in
  turn gets the kind with which most of that is done, and among those the one taken least.
  """
  names = {f"{group}.kind": kinds.names(group) for group in kinds.PACKAGES}
  allowed = {frozenset(pair.items()): None for pair in pairs() if fits(pair)}  # in order
  each = [frozenset({(key, kind)}) for key in names for kind in names[key]]
  waiting = dict.fromkeys(each if size == 1 else allowed)
  found, taken = [], collections.Counter[tuple[str, str]]()
  while waiting:
    choice = dict(sorted(next(iter(waiting))))
    for key in sorted(names.keys() - choice.keys(), key=lambda key: (-len(names[key]), key)):
      value = {}
      for kind in names[key]:
        if all(frozenset({(key, kind), one}) in allowed for one in choice.items()):
          others = itertools.combinations(choice.items(), size - 1)
          done = sum(frozenset({(key, kind), *rest}) in waiting for rest in others)
          value[kind] = done, -taken[key, kind]
      choice[key] = max(value, key=value.__getitem__)
    taken.update(choice.items())
    found.append({key: choice[key] for key in names})
    for some in itertools.combinations(choice.items(), size):
      waiting.pop(frozenset(some), None)
  return found


def config(choice: Choice) -> ConfigDict:
  """Of a small model of these kinds, on the grammar."""
  from configs import base

  sizes = {key: size for key, size in SIZES.items() if key in declared(choice)}
  return flags.override_by(base.get_config(), choice | sizes | OTHER)
