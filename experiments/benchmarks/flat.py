"""Does a target token cost the same whatever the size of the corpus, and however long one trains?

Hypothesis: batches are drawn from memory-mapped tokens and no list grows with the updates, so the
cost of a token stays within a tenth from 40,000 to 400,000 pairs and from the first updates to the
10,000th.

  python -m experiments.benchmarks.flat --folder DIR --lines flat.jsonl

trains a small model on the first pairs of DIR/train.en[.gz] and DIR/train.fr[.gz] and reads the CPU
seconds of each line of its metrics; those of the first line, which hold the compiling, are left
out, and costs are means of a thousand updates.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.benchmarks.input_memory import cut
from experiments.benchmarks.lines import write
from nmt import cli
from nmt.errors import UserError

MODEL = {"size": 32, "embedding": 32, "readout.size": 32, "attention.size": 32}
LINE = 250  # updates


def main(arguments: Sequence[str]) -> None:
  """Parses the command line, trains, prints and writes what was found."""
  parser = argparse.ArgumentParser(
    prog="python -m experiments.benchmarks.flat",
    description=__doc__,
    formatter_class=argparse.RawTextHelpFormatter,
  )
  parser.add_argument("--folder", type=Path, required=True, help="holds train.en and train.fr")
  parser.add_argument("--pairs", type=int, nargs=2, default=[40_000, 400_000])
  parser.add_argument("--updates", type=int, default=10_000, help="on the smaller corpus")
  parser.add_argument("--lines", type=Path, help="a file for what was found, as JSON lines")
  options = parser.parse_args(arguments)
  few, many = options.pairs
  length = max(options.updates, 3 * LINE)
  shorter = max(length // 4, 3 * LINE)
  small, large = (
    train(options.folder, pairs, updates) for pairs, updates in ((few, length), (many, shorter))
  )
  found = summary(small, large, few, many)
  if options.lines:
    write(options.lines, found)
  for line in found:
    print(json.dumps(line))


def train(folder: Path, pairs: int, updates: int) -> list[dict[str, float]]:
  """Trains on so many pairs; returns the `lines` of its metrics."""
  with tempfile.TemporaryDirectory() as place:
    cut(folder, Path(place), ("en", "fr"), pairs)
    changes: dict[str, Any] = {
      "data.dir": place,
      "data.cache": f"{place}/cache",
      "data.train": "train",
      "data.valid": "valid",
      "data.test": "('valid',)",
      "data.tokenizer.size": 1000,
      "batch.size": 16,
      "batch.multiple": 16,  # few shapes to compile
      "train.updates": updates,
      "train.schedule.warmup": 100,
      "valid.every": updates,
      "valid.log": LINE,
      "decode.beam": 1,
    }
    changes |= {f"model.{key}": value for key, value in MODEL.items()}
    command = [sys.executable, "launch.py", "--config=configs/europarl.py"]
    command += [f"--config.{key}={value}" for key, value in changes.items()]
    command += [f"--workdir={place}/run"]
    if subprocess.run(command).returncode:
      raise UserError(f"training on {pairs} pairs failed; see above")
    return lines(Path(place) / "run" / "metrics.jsonl")


def lines(metrics: Path) -> list[dict[str, float]]:
  """Update, target tokens and CPU seconds of each line of training but the first."""
  rows = map(json.loads, metrics.read_text(encoding="utf-8").splitlines())
  return [
    {
      "update": row["update"],
      "target_tokens": row["target_tokens"],
      "cpu_seconds": row["timing"]["cpu_seconds"],
    }
    for row in rows
    if row["kind"] == "train"
  ][1:]


def summary(
  small: list[dict[str, float]], large: list[dict[str, float]], few: int, many: int
) -> list[dict[str, float]]:
  """CPU microseconds a target token by size of the corpus, and by update on the smaller one.

  The last line has the ratios.
  """
  window = 1000 // LINE
  by_update = {
    int(small[i + window - 1]["update"]): cost(small[i : i + window])
    for i in range(0, len(small) - window + 1, window)
  } or {int(small[-1]["update"]): cost(small)}
  costs = list(by_update.values())
  by_pairs = {few: cost(small[: len(large)]), many: cost(large)}
  unit = "cpu microseconds a target token"
  return [
    *({"pairs": pairs, unit: cost} for pairs, cost in by_pairs.items()),
    *({"until update": update, unit: cost} for update, cost in by_update.items()),
    {
      "larger corpus / smaller": by_pairs[many] / by_pairs[few],
      "last updates / first": costs[-1] / costs[0],
      "dearest / cheapest thousand": max(costs) / min(costs),
    },
  ]


def cost(lines: list[dict[str, float]]) -> float:
  """CPU microseconds a target token."""
  seconds = sum(line["cpu_seconds"] for line in lines)
  return 1e6 * seconds / sum(line["target_tokens"] for line in lines)


if __name__ == "__main__":
  cli.entry(main)
