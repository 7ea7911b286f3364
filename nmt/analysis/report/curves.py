"""How loss and scores moved over the updates, from metrics.jsonl."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nmt.analysis.results.study import metric_lines
from nmt.workdir import Workdir

POINTS = 100  # of one run that a chart shows at most

# Kind of line and key in metrics.jsonl, and what the chart is called.
_SHOWN = {
  ("train", "loss"): ("Loss in training", "nats a target token"),
  ("valid", "loss"): ("Loss in validation", "nats a target token"),
  ("valid", "bleu"): ("BLEU in validation", "BLEU"),
  ("valid", "attention_entropy"): ("Attention entropy in validation", "nats a target token"),
}


class Series(NamedTuple):
  """Values of one run by update, none of them infinite."""

  name: str
  group: int
  updates: list[int]
  values: list[float]


class Curves(NamedTuple):
  """One quantity of all runs that have it. thinned: whether not all of its values are shown."""

  title: str
  unit: str
  series: list[Series]
  thinned: bool


def gather(runs: Sequence[tuple[str, int, Workdir]]) -> list[Curves]:
  """The charts of runs, each given by its name, its configuration's number and its folder."""
  lines = {name: metric_lines(home.metrics) for name, _, home in runs}
  found = []
  for (kind, key), (title, unit) in _SHOWN.items():
    series, thinned = [], False
    for name, group, _ in runs:
      points = {
        line["update"]: float(line[key])
        for line in lines[name]
        if line.get("kind") == kind and _is_number(line.get(key)) and _is_number(line.get("update"))
      }
      if points:
        kept = _thin(sorted(points))
        thinned |= len(kept) < len(points)
        series.append(Series(name, group, kept, [points[update] for update in kept]))
    if series:
      found.append(Curves(title, unit, series, thinned))
  return found


def _is_number(value: object) -> bool:
  return isinstance(value, int | float) and math.isfinite(value)


def _thin(updates: list[int]) -> list[int]:
  """At most POINTS of them, evenly spaced, the first and the last among them."""
  if len(updates) <= POINTS:
    return updates
  return [updates[i] for i in np.linspace(0, len(updates) - 1, POINTS).round().astype(int)]
