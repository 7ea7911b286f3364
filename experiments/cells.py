"""Is attention what makes the linear recurrences of the 2020s translate?

Hypothesis: gates that see the input alone (minGRU, RG-LRU, SSRU) can't decide by the state what to
keep, so without attention these cells translate worse than GRU and LSTM, most of all beyond the
lengths of training; with attention, which looks up what a state has lost, they are as good. It is
wrong if attention is worth as much to the GRU as to them.

  python launch.py --config=configs/quickstart.py --sweep=cells --parallel=2 --workdir=W

trains encoder and decoder of each cell, with and without attention, with 3 seeds: in the paper's
order, where the state is given the context, and with the word first and no feeding, where it reads
words alone, so that a linear cell trains on all steps at once. All have two layers with a residual
connection between them, as in one linear layer what was read earlier can't change how a later word
is read. RG-LRU is there with a shorter memory at the start, too, which was added once its attention
was seen to look at the word after. Ends with BLEU by source length and with where attention looks,
as tables and figures. What was found is in docs/cells.md.

Published: Vardasbi et al. (2023, arXiv:2304.12776) find S4 without attention 4 BLEU behind a
Transformer, worse on long sentences, and level with it once it has attention; Pitorro et al.
(2024, arXiv:2407.05489) find Mamba as good as Transformers on sentences, and hybrids with attention
better, on longer texts too. Budget: 72 runs of 4 minutes each on a core.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from experiments import lengths
from experiments.attention import columns
from nmt.launching.points import seeds

__all__ = ["BASELINE", "columns", "report", "sweep", "sweep_order", "sweep_seed"]

CELL = "model.cell.kind"
ATTENTION = "model.attention.kind"
LEAST = "model.cell.least_a"
BASELINE = {CELL: "gru"}
LAYERS = {"model.cell.layers": 2, "model.cell.residual": True}


def sweep() -> Iterator[dict[str, Any]]:
  """Five cells in two layers, with attention and without; RG-LRU with a shorter memory, too."""
  for cell in ("gru", "lstm", "mingru", "rglru", "ssru"):
    for attention in ("additive", "none"):
      yield {CELL: cell, ATTENTION: attention, **LAYERS}
  for attention in ("additive", "none"):
    yield {CELL: "rglru", LEAST: 0.01, ATTENTION: attention, **LAYERS}


def sweep_order() -> Iterator[dict[str, Any]]:
  """The paper's order, then the word first without feeding."""
  yield {"model.order.kind": "attend_first"}
  yield {"model.order.kind": "update_first", "model.order.input_feeding": False}


def sweep_seed() -> Iterator[dict[str, Any]]:
  """Three runs of each."""
  return seeds(3)


def report(workdirs: dict[str, Path]) -> None:
  """Draws BLEU by source length and what attention's offsets are; prints both as tables.

  lengths.png has a panel for each order and attention, offsets.png one for each order, and
  offsets.jsonl a line for each run.
  """
  from nmt.files import replacing

  folder = next(iter(workdirs.values())).parent
  groups = _groups(workdirs)
  panels = []
  for (order, attention), curves in groups.items():
    found = {cell: lengths.by_length(runs) for cell, runs in curves.items()}
    words = max(lengths.longest(run) for runs in curves.values() for run in runs)
    panels.append(lengths.Panel(words, found, f"order {order}, attention {attention}"))
  lengths.show(panels, folder)
  offsets: dict[str, dict[str, list[float]]] = {}
  with replacing(folder / "offsets.jsonl") as lines:
    for (order, attention), curves in groups.items():
      for cell, runs in curves.items() if attention != "none" else ():
        rows = []
        for run in runs:
          found_of = _offsets(run)
          lines.write(json.dumps({"run": run.name, **found_of}) + "\n")
          rows.append([row["heaviest"]["score"] for row in found_of["rows"]])
        offsets.setdefault(order, {})[cell] = [sum(at) / len(at) for at in zip(*rows, strict=True)]
  if offsets:
    _draw(offsets, folder / "offsets.png")


def _groups(workdirs: dict[str, Path]) -> dict[tuple[str, str], dict[str, list[Path]]]:
  """By order and attention, then by cell, the runs of all seeds."""
  from nmt import config as config_lib

  groups: dict[tuple[str, str], dict[str, list[Path]]] = {}
  for workdir in workdirs.values():
    model = config_lib.load(workdir / "config.json").model
    cell = model.cell.kind
    if model.cell.get("least_a", 0.9) != 0.9:
      cell += f", a from {model.cell.least_a:g}"
    curves = groups.setdefault((model.order.kind, model.attention.kind), {})
    curves.setdefault(cell, []).append(workdir)
  return groups


def _offsets(run: Path) -> dict[str, Any]:
  """What `nmt.analyze offsets` finds on the first test split."""
  from nmt.analysis import translated
  from nmt.analysis.verbs.offsets import offsets
  from nmt.loading import load

  trained = load(run)
  return offsets(translated.sample(trained, trained.config.data.test[0]))


def _draw(offsets: dict[str, dict[str, list[float]]], path: Path) -> None:
  """A panel for each order, a curve for each cell: how often the heaviest word is at an offset."""
  from nmt.analysis import style, tables
  from nmt.analysis.verbs.offsets import FARTHEST, named
  from nmt.cli import console

  at = range(-FARTHEST, FARTHEST + 1)
  drawing, panels = style.panels(len(offsets), width=4.6, height=3.2)
  for axes, (order, curves) in zip(panels, offsets.items(), strict=True):
    looks = zip(style.COLOURS, style.MARKS, ("-", "--", "-.", ":") * 2, strict=False)
    for (cell, shares), (colour, mark, line) in zip(curves.items(), looks, strict=False):
      axes.plot(at, shares, line, marker=mark, color=colour, label=cell, markersize=4)
    axes.set_xticks(at, [named(place) for place in at])
    style.dress(axes, "source words after the gold link", "% of target words", f"order {order}")
    rows = [
      [cell, *(tables.number(share, 1) for share in shares)] for cell, shares in curves.items()
    ]
    tables.head(console(), f"heaviest word from the gold link, %, order {order}")
    console().print(tables.numbers(["cell", *map(named, at)], rows))
  names = panels[0].get_legend_handles_labels()
  drawing.legend(*names, loc="outside lower center", ncols=len(names[0]) // 2, frameon=False)
  for ending in (".png", ".pdf"):
    style.save(drawing, path.with_suffix(ending))
  print(f"figure: {path}")
