"""Does each pair of kinds that may be had together train?

A few hundred small models, each of one kind of every group, so chosen that each pair of kinds of
two groups is in one of them, unless it is refused. Each makes 40 updates on four batches of the
embedded grammar.

  nice python -m experiments.benchmarks.family --lines results/family.jsonl

writes a line for each model with the loss and the -log p a token in the first and the last round
over the batches, and says which pairs are in no model whose loss fell. Started again, it goes on.
It takes 4 to 9 seconds of a core a model, half an hour in all, nearly all of it compiling.
"""

import argparse
import collections
import functools
import itertools
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ml_collections import ConfigDict

from experiments.benchmarks import lines
from nmt import cli, fitting, kinds
from nmt.data.batches import Batch
from nmt.declarations import declared
from nmt.launching import flags

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
FOLLOWING = {"model.order.kind": "update_first"}  # while none is chosen, since it fits all readouts
BATCHES, ROUNDS = 4, 10  # a round is an update on each batch


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
  return not any(fitting.clashes(choice, _values() | FOLLOWING | choice | _inferring(choice)))


def _inferring(choice: Choice) -> dict[str, Any]:
  """The network that one objective alone trains, and needs."""
  return {"model.attention.inference": True} if "variational" in choice.values() else {}


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
        fitting_pairs = all(frozenset({(key, kind), one}) in allowed for one in choice.items())
        if fitting_pairs and fits(choice | {key: kind}):
          others = itertools.combinations(choice.items(), size - 1)
          done = sum(frozenset({(key, kind), *rest}) in waiting for rest in others)
          value[kind] = done, -taken[key, kind]
      choice[key] = max(value, key=value.__getitem__)
    taken.update(choice.items())
    found.append({key: choice[key] for key in names})
    for some in itertools.combinations(choice.items(), size):
      waiting.pop(frozenset(some), None)
  return found


def config(choice: Choice, changes: Mapping[str, Any] = MappingProxyType({})) -> ConfigDict:
  """Of a small model of these kinds, on the grammar; changes by dotted key."""
  from configs import base

  sizes = {key: size for key, size in SIZES.items() if key in declared(choice)}
  return flags.override_by(
    base.get_config(), {**choice, **_inferring(choice), **sizes, **OTHER, **changes}
  )


def data() -> tuple[tuple[int, int], list[Batch]]:
  """Vocabulary sizes, and a few batches of the grammar of one shape, with their links."""
  from configs import base
  from nmt.data.batches import Batches
  from nmt.data.pipeline import prepare

  options = base.get_config()
  options.data.grammar.update(train=16 * BATCHES, valid=1, max_words=6, long_words=7)
  options.data.tokenizer.size = 200
  options.batch.update(size=16, multiple=16)
  with tempfile.TemporaryDirectory() as options.data.cache:
    found = prepare(options.data, linked=True)
    batches = Batches(found.train, options.batch, options.seed)
    return (found.source.size, found.target.size), [batches.at(k) for k in range(BATCHES)]


def train(
  choice: Choice, sizes: tuple[int, int], batches: Sequence[Batch], rounds: int
) -> dict[str, list[float]]:
  """The loss, and the -log p of the target, a token: of each round over the batches."""
  from nmt.training import sharding, step
  from nmt.training.objectives.base import Rows

  adam = {"train.optimizer.name": "adam", "train.optimizer.learning_rate": 5e-3}
  configured = config(choice, adam)
  mesh = sharding.build(configured.mesh)
  program = step.build(configured, *sizes, mesh)
  state = program.create()
  found: dict[str, list[float]] = {"loss": [], "nll": []}
  for _ in range(rounds):
    totals = collections.Counter[str]()
    for batch in batches:
      sides = (batch.source_BxJ, batch.target_BxT, batch.links_BxTxJ)
      rows = Rows(*(sharding.place(mesh, side) for side in sides if side is not None))
      state, results = program.update(state, [rows], 1.0)
      totals.update({key: float(results[key]) for key in ("tokens", *found)})
    for key, values in found.items():
      values.append(totals[key] / totals["tokens"])
  return found


def main(arguments: Sequence[str]) -> None:
  """Parses the command line, trains what the file lacks, and says what did not train."""
  parser = argparse.ArgumentParser(
    prog="python -m experiments.benchmarks.family",
    description=__doc__,
    formatter_class=argparse.RawTextHelpFormatter,
  )
  parser.add_argument("--lines", type=Path, required=True, help="a file of JSON lines")
  options = parser.parse_args(arguments)
  found = {named(line["kinds"]): line for line in lines.begun(options.lines)}
  wanted = {named(choice): choice for choice in covering()}
  missing = [name for name in wanted if name not in found]
  if missing:
    import jax

    jax.config.update("jax_disable_most_optimizations", True)  # compiling is most of the time
    sizes, batches = data()
  for number, name in enumerate(missing, len(wanted) - len(missing) + 1):
    rounds = train(wanted[name], sizes, batches, ROUNDS)
    ends = {key: [values[0], values[-1]] for key, values in rounds.items()}
    found[name] = lines.append(options.lines, {"kinds": wanted[name], **ends})
    first, last = ends["loss"]
    print(f"{number}/{len(wanted)} {name}: {first:.4g} -> {last:.4g}", flush=True)
  for line in summary([found[name] for name in wanted]):
    print(line)


def named(choice: Mapping[str, str]) -> str:
  """A model in a word: its kinds."""
  return "-".join(choice.values())


def summary(found: Sequence[lines.Line]) -> list[str]:
  """Lines for people: how many models' loss fell, which ones' didn't, and pairs of these alone.

  What REINFORCE makes its gradients of is no measure of a model: there, -log p has to fall.
  """
  told = [(line["kinds"], line["nll" if "reinforce" in named(line["kinds"]) else "loss"])
          for line in found]  # fmt: skip
  fell = [choice for choice, (first, last) in told if last < first]
  said = [f"the loss of {len(fell)} of {len(found)} models fell"]
  for choice, (first, last) in told:
    if choice not in fell:
      said.append(f"not of {named(choice)}: {first} -> {last}")
  for pair in filter(fits, pairs()):
    if not any(pair.items() <= choice.items() for choice in fell):
      said.append("of no model with " + ", ".join(f"{key}={kind}" for key, kind in pair.items()))
  return said


if __name__ == "__main__":
  cli.entry(main)
