"""How far the gates of the cells are open, by position and by class of word.

References are forced. Each gate has its name in the equations of its cell, model.cell.kind, and
each cell that of its parameters (docs/weights.md). A gate is the mean over its units; `shut` and
`open` are the shares of the units below 0.1 and above 0.9 (Karpathy, Johnson and Li, 2015). Step i
of the decoder reads the word before the i-th, <begin> before the first: that is the word whose
class counts. Classes are parts of speech where the corpus is the embedded grammar and the side its
source; elsewhere they are bands of ranks in the vocabulary, which is sorted by frequency.
"""

import argparse
import re
from typing import Any

import numpy as np
from rich.console import Console

from nmt.analysis import style, tables, translated, word_classes
from nmt.analysis.gates import gates, names
from nmt.analysis.translated import Sample
from nmt.data.ids import BOS
from nmt.errors import UserError

SENTENCES = 256
_FROM = (1, 2, 3, 4, 5, 6, 11, 21)  # buckets of positions


def arguments(parser: argparse.ArgumentParser) -> None:
  """The options of this verb."""
  translated.arguments(parser, search=False, sentences=SENTENCES)


def run(given: argparse.Namespace) -> dict[str, Any]:
  """Runs the verb as the command line asks for it."""
  translated.check_figure(given)
  sample = translated.read(given)
  found = open_gates(sample)
  if given.figure:
    draw(given.figure, found)
  return found


def open_gates(sample: Sample) -> dict[str, Any]:
  """A row for each gate: its means over all tokens, by position and by class.

  UserError: the model's cells have no gates, or no sentence is short enough to be forced.
  """
  run = sample.run
  known = dict(zip(("encoder", "decoder"), names(run), strict=True))
  if not any(known.values()):
    raise UserError(
      f"this run's model has no gates: model.cell.kind={run.config.model.cell.kind}, "
      f"model.encoder.kind={run.config.model.encoder.kind}"
    )
  sources = [word_classes.of_source(run, pair) for pair in sample.pairs]
  targets = [run.target.encode(pair.target) for pair in sample.pairs]
  pairs = [(ids, target) for (ids, _), target in zip(sources, targets, strict=True)]
  values: dict[str, list[np.ndarray]] = {"encoder": [], "decoder": []}
  classes: dict[str, list[str]] = {"encoder": [], "decoder": []}
  for (_, parts), target, one in zip(sources, targets, gates(run, pairs), strict=True):
    if one is not None:
      values["encoder"].append(one.encoder_JxGx3)
      values["decoder"].append(one.decoder_TxGx3)
      classes["encoder"] += parts
      classes["decoder"] += [word_classes.band(token) for token in [BOS, *target]]
  if not values["decoder"]:
    raise UserError("there is no sentence to force: all are too long")
  rows = []
  for side, two in known.items():
    if two:
      together = np.concatenate(values[side])
      places = np.concatenate([np.arange(1, len(one) + 1) for one in values[side]])
      for k, (cell, gate) in enumerate(two):
        rows.append({"cell": cell, "gate": gate, **_row(together[:, k], places, classes[side])})
  return {"split": sample.split, "sentences": len(values["decoder"]), "gates": rows}


def _row(values_Nx3: np.ndarray, places_N: np.ndarray, classes_N: list[str]) -> dict[str, Any]:
  mean, shut, wide = values_Nx3.mean(axis=0, dtype=np.float64)
  buckets = [_bucket(int(place)) for place in places_N]
  first = values_Nx3[:, 0].astype(np.float64)
  by_position = sorted(word_classes.means(first, buckets), key=lambda row: _first(row["class"]))
  return {
    "mean": mean,
    "shut": shut,
    "open": wide,
    "by_position": by_position,
    "by_class": word_classes.means(first, classes_N),
  }


def _bucket(place: int) -> str:
  """1, .., 5, 6-10, 11-20, 21 and on."""
  k = sum(place >= start for start in _FROM) - 1
  if k + 1 == len(_FROM):
    return f"{_FROM[k]} and on"
  last = _FROM[k + 1] - 1
  return str(_FROM[k]) if last == _FROM[k] else f"{_FROM[k]}-{last}"


def _first(bucket: str) -> int:
  """The number with which the name of a bucket begins."""
  return int(re.split(r"\D", bucket)[0])


def show(console: Console, found: dict[str, Any]) -> None:
  """Prints a table of all gates, one by position and one by class, in columns by gate."""
  tables.head(console, f"{found['split']}: references of {found['sentences']} sentences, forced")
  rows = [
    [_name(row), *(f"{row[key]:.3f}" for key in ("mean", "shut", "open"))] for row in found["gates"]
  ]
  console.print(tables.numbers(["gate", "mean", "shut", "open"], rows))
  for side in ("encoder", "decoder"):
    own = [row for row in found["gates"] if row["cell"].startswith(side)]
    for what, key in (("position", "by_position"), ("class of word", "by_class")):
      if own:
        console.print(_by(what, own, key))


def _by(what: str, rows: list[dict[str, Any]], key: str) -> Any:
  cells = []
  for parts in zip(*(row[key] for row in rows), strict=True):
    means = (f"{part['mean']:.3f}" for part in parts)
    cells.append([parts[0]["class"], f"{parts[0]['tokens']:,}", *means])
  return tables.numbers([what, "tokens", *map(_name, rows)], cells)


def _name(row: dict[str, Any]) -> str:
  return f"{row['cell']} {row['gate']}"


def draw(path: Any, found: dict[str, Any]) -> None:
  """The mean of each gate over the positions, a panel for the encoder and one for the decoder."""
  sides = [
    [row for row in found["gates"] if row["cell"].startswith(side)]
    for side in ("encoder", "decoder")
  ]
  sides = [rows for rows in sides if rows]
  figure, panels = style.panels(len(sides), width=4.2, height=3.0)
  for panel, rows in zip(panels, sides, strict=True):
    for k, row in enumerate(rows):
      labels = [part["class"] for part in row["by_position"]]
      means = [part["mean"] for part in row["by_position"]]
      colour, mark = style.COLOURS[k % 6], style.MARKS[k % 6]
      panel.plot(labels, means, f"{mark}-", color=colour, markersize=4, label=_name(row))
    panel.set_ylim(0, 1)
    panel.tick_params(axis="x", labelrotation=45)
    style.dress(panel, "position of the token", "mean of the gate")
    style.legend(panel)
  style.save(figure, path)
