"""How do training and search cost more as things grow?

Hypothesis: with keys computed once a source, an update grows linearly with batch and vocabulary,
little faster than linearly with length (the attention alone is quadratic), and with the square of
the state once products dominate; search grows linearly with the beam.

  python -m experiments.benchmarks.cost --out cost

measures milliseconds of an update and of a search of one batch around a small base point, and
writes cost.png, one panel for each thing that grows, and cost.jsonl, one line for each curve.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.benchmarks import lines
from nmt import cli

BASE = {"length": 20, "batch": 32, "vocabulary": 4_000, "states": 128, "beam": 1}
GROWING = {
  "length": (10, 20, 40, 80),
  "batch": (16, 32, 64, 128, 256, 512, 1024),
  "vocabulary": (4_000, 8_000, 16_000, 32_000, 64_000),
  "states": (128, 256, 512, 1024, 2048),
  "beam": (1, 2, 4, 8, 16, 32),
}
NAMES = {
  "length": "tokens a side",
  "batch": "sentences in a batch",
  "vocabulary": "words",
  "states": "n, m and n'",
  "beam": "hypotheses",
}
Point = dict[str, int]
Spread = dict[str, float]  # of seconds: median, min, max


def main(arguments: Sequence[str]) -> None:
  """Parses the command line, measures, and writes figure and lines."""
  parser = argparse.ArgumentParser(
    prog="python -m experiments.benchmarks.cost", description=__doc__
  )
  parser.add_argument("--out", type=Path, default=Path("cost"), help="name without a suffix")
  parser.add_argument("--seconds", type=float, default=2.0, help="least time spent on a point")
  options = parser.parse_args(arguments)
  curves = {key: curve(key, values, options.seconds) for key, values in GROWING.items()}
  measured = [
    {"grows": key, "of": kind, "values": curve["values"]} | curve[kind]
    for key, curve in curves.items()
    for kind in ("update", "search")
    if kind in curve
  ]
  lines.write(options.out.with_suffix(".jsonl"), [{"base": BASE}, *measured])
  figure(curves, options.out.with_suffix(".png"))


def curve(key: str, values: Sequence[int], seconds: float) -> dict[str, Any]:
  """The base point with one thing growing: milliseconds, and the exponents that fit them."""
  kinds: dict[str, Callable[[Point, float], Spread]] = {"search": search}
  if key != "beam":
    kinds = {"update": update, **kinds}
  found: dict[str, Any] = {"values": list(values)}
  for kind, measure in kinds.items():
    times: dict[str, list[float]] = {"milliseconds": [], "least": [], "most": []}
    for value in values:
      spread = measure(BASE | {key: value}, seconds)
      for name, statistic in zip(times, ("median", "min", "max"), strict=True):
        times[name].append(1000 * spread[statistic])
      print(f"{key} {value}: {kind} {times['milliseconds'][-1]:.1f} ms", flush=True)
    found[kind] = times | {"exponent": exponent(values, times["milliseconds"])}
  return found


def exponent(x: Sequence[float], y: Sequence[float]) -> float:
  """p of the line log y = p log x + c that fits best."""
  return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def config(point: Point):
  """configs/base.py at a point, by Adam, on one device."""
  from configs import base

  config, n = base.get_config(), point["states"]
  config.model.update(size=n, embedding=n, init="glorot")
  config.model.readout.size = n // 2
  config.model.attention.size = n
  config.train.optimizer.update(name="adam", learning_rate=1e-4)
  config.decode.beam = point["beam"]
  config.mesh.data = 1
  return config


def update(point: Point, seconds: float) -> Spread:
  """Seconds of an update on one batch."""
  from experiments.benchmarks.programs import updating

  words, ids = (point["vocabulary"],) * 2, rows(point)
  return timed(updating(config(point), words, ids, ids), seconds)


def search(point: Point, seconds: float) -> Spread:
  """Seconds of a search of one batch, to as many tokens as the sources have."""
  from experiments.benchmarks.programs import searching

  return timed(searching(config(point), (point["vocabulary"],) * 2, rows(point)), seconds)


def rows(point: Point) -> np.ndarray:
  """Random sentences without padding: BxJ."""
  from experiments.benchmarks.programs import sentences

  return sentences(point["batch"], point["length"], point["vocabulary"], seed=1)


def timed(once: Callable[[], None], seconds: float) -> Spread:
  """The times of a call, after two more: of all within so many seconds, of three at least."""
  once()
  once()
  times: list[float] = []
  while len(times) < 3 or (sum(times) < seconds and len(times) < 100):
    began = time.perf_counter()
    once()
    times.append(time.perf_counter() - began)
  return lines.spread(times)


def figure(curves: dict[str, Any], path: Path) -> None:
  """One panel for each thing that grows, both axes logarithmic."""
  from matplotlib.figure import Figure

  drawing = Figure(figsize=(4 * len(curves), 3.6), layout="constrained")
  panels = drawing.subplots(1, len(curves), squeeze=False)[0]
  for axes, (key, curve) in zip(panels, curves.items(), strict=True):
    for kind, style in (("update", "-oC0"), ("search", "--sC1")):
      if kind in curve:
        label = f"{kind}: exponent {curve[kind]['exponent']:.2f}"
        axes.loglog(curve["values"], curve[kind]["milliseconds"], style, label=label)
    axes.set(title=key, xlabel=NAMES[key])
    axes.set_xticks(curve["values"], [f"{value:,}" for value in curve["values"]], fontsize=7)
    axes.set_xticks([], minor=True)
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
  panels[0].set_ylabel("milliseconds")
  base = ", ".join(f"{key} {value:,}" for key, value in BASE.items())
  drawing.suptitle(f"What an update and a search of a batch cost (else {base})", fontsize=10)
  drawing.savefig(path, dpi=120)


if __name__ == "__main__":
  cli.entry(main)
