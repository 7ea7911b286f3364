"""How many bytes do devices exchange in an update, and how does that grow with their number?

Hypothesis: with as many sentences a device on any number of devices (weak scaling), gradients are
added up once, so the bytes that a device sends stay below twice those of the parameters however
many there are. Cutting large parameters over devices sends these twice more, in pieces; cutting
only the optimizer's state sends half as much more and keeps less on each device.

  python -m experiments.benchmarks.scaling --lines results/scaling.jsonl

compiles one update for 1, 2, 4 and 8 simulated devices and reads what they exchange from the
compiled program; nothing is run and no time measured. docs/scaling.md projects the numbers.
"""

import argparse
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import NamedSharding

from experiments.benchmarks.lines import write
from experiments.benchmarks.speed.sizes import FIXED, SIZES, Size, config
from nmt import cli
from nmt.arguments import positive
from nmt.files import check_output
from nmt.training import sharding, step
from nmt.training.objectives.base import Rows

DEVICES = (1, 2, 4, 8)

# What is cut over the devices: config keys of a mesh, of a number of devices.
LAYOUTS: dict[str, Any] = {
  "batch": lambda n: {"data": n, "model": 1},
  "batch, large parameters": lambda n: {"data": 1, "model": n},
  "batch, optimizer state": lambda n: {"data": n, "model": 1, "optimizer": True},
}

_KINDS = "all-reduce|all-gather|reduce-scatter|all-to-all|collective-permute"
_COLLECTIVE = re.compile(rf"= (.*?) ({_KINDS})(?:-start)?\((.*)")
_SHAPE = re.compile(r"\b([a-z]+\d*)\[([\d,]*)\]")
_LISTED = re.compile(r"replica_groups=\{\{([\d,]+)\}")
_COUNTED = re.compile(r"replica_groups=\[\d+,(\d+)\]")


class Collective(NamedTuple):
  """One exchange: its kind, the bytes of its operands on a device, and those that it sends."""

  kind: str
  operands: float
  sent: float


def main(arguments: Sequence[str]) -> None:
  """Parses the command line, compiles, prints and writes what was found."""
  parser = argparse.ArgumentParser(
    prog="python -m experiments.benchmarks.scaling",
    description=__doc__,
    formatter_class=argparse.RawTextHelpFormatter,
  )
  parser.add_argument("--size", choices=SIZES, default="paper")
  parser.add_argument("--devices", type=positive, nargs="+", default=DEVICES)
  parser.add_argument("--lines", type=Path, help="a file for what was found, as JSON lines")
  options = parser.parse_args(arguments)
  check_output("--lines", options.lines)
  jax.config.update("jax_platforms", "cpu")
  jax.config.update("jax_num_cpu_devices", max(options.devices))
  found = []
  for layout in LAYOUTS:
    for count in options.devices:
      if count > 1 or layout == "batch":  # on one device nothing is cut
        found.append(measured(SIZES[options.size], layout, count))
        print(json.dumps(found[-1]), flush=True)
  if options.lines:
    write(options.lines, found)


def measured(size: Size, layout: str, count: int) -> dict[str, Any]:
  """What an update exchanges on so many devices, a device of them, and what it keeps."""
  text, memory, parameters = compiled(size, layout, count)
  operands: Counter[str] = Counter()
  calls: Counter[str] = Counter()
  sent = 0.0
  for one in collectives(text, count):
    operands[one.kind] += int(one.operands)
    calls[one.kind] += 1
    sent += one.sent
  return {
    "size": size.name,
    "cut": layout,
    "devices": count,
    "sentences": size.batch * count,
    "parameter bytes": parameters,
    "operand bytes": dict(operands),
    "collectives": dict(calls),
    "bytes sent by a device": int(sent),
    "bytes kept by a device": memory,
  }


def compiled(size: Size, layout: str, count: int) -> tuple[str, int, int]:
  """The text of the program of an update, and the bytes of its arguments and of all parameters."""
  made = config(size)
  made.mesh.update(LAYOUTS[layout](count))
  mesh = sharding.build(made.mesh, jax.devices()[:count])
  program = step.build(made, size.vocabulary, size.vocabulary, mesh)
  rows: Any = jax.ShapeDtypeStruct(
    (size.batch * count, FIXED), jnp.int32, sharding=NamedSharding(mesh, sharding.BATCH)
  )
  found: Any = program.trace(Rows(rows, rows)).lower().compile()
  parameters = sum(4 * x.size for x in jax.tree.leaves(program.abstract["params"]))
  return found.as_text(), int(found.memory_analysis().argument_size_in_bytes), parameters


def collectives(program: str, devices: int) -> Iterator[Collective]:
  """The exchanges that the text of a compiled program names.

  Rings send, of n devices and m operand bytes: 2 (n - 1) / n m to add up and give all to all,
  (n - 1) / n m to add up and keep a piece or to exchange pieces, and (n - 1) m to gather.
  """
  for line in program.splitlines():
    if not (match := _COLLECTIVE.search(line)):
      continue
    result, kind, rest = match.groups()
    n = devices
    if listed := _LISTED.search(rest):
      n = listed[1].count(",") + 1
    elif counted := _COUNTED.search(rest):
      n = int(counted[1])
    size = sum(map(_bytes, _SHAPE.findall(result)))
    operand = {"all-gather": size / n, "reduce-scatter": size * n}.get(kind, size)
    share = {"all-reduce": 2 * (n - 1) / n, "all-gather": n - 1, "collective-permute": 1.0}
    yield Collective(kind, operand, operand * share.get(kind, (n - 1) / n))


def _bytes(shape: tuple[str, str]) -> int:
  kind, sizes = shape
  bits = 8 if kind == "pred" else int(re.sub(r"\D", "", kind))
  return bits // 8 * math.prod(int(size) for size in sizes.split(",") if size)


if __name__ == "__main__":
  cli.entry(main)
