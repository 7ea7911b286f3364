"""Is attention what makes the linear recurrences of the 2020s translate?

Hypothesis: gates that see the input alone (minGRU, RG-LRU, SSRU) can't decide by the state what to
keep, so without attention these cells translate worse than GRU and LSTM, most of all beyond the
lengths of training; with attention, which looks up what a state has lost, they are as good. It is
wrong if attention is worth as much to the GRU as to them.

  python launch.py --config=configs/quickstart.py --sweep=cells --parallel=2 --workdir=W

trains encoder and decoder of each cell, with and without attention, with 3 seeds: in the paper's
order, where the state is given the context, and with the word first and no feeding, where it reads
words alone, so that a linear cell trains on all steps at once. All have two layers with a residual
connection between them, as one linear layer is linear in what it has read. Ends with BLEU by source
length, as tables and as lengths.png.

Published: Vardasbi et al. (2023, arXiv:2304.12776) find S4 without attention 4 BLEU behind a
Transformer, worse on long sentences, and level with it once it has attention; Pitorro et al.
(2024, arXiv:2407.05489) find Mamba as good as Transformers on sentences, and hybrids with attention
better, on longer texts too. Neither has seeds or alignments. Budget: 60 runs of 4 minutes each on a
core.
"""

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
  """Prints and draws BLEU by source length: a panel for each order and attention."""
  from nmt import config as config_lib

  groups: dict[tuple[str, str], dict[str, list[Path]]] = {}
  for workdir in workdirs.values():
    model = config_lib.load(workdir / "config.json").model
    curves = groups.setdefault((model.order.kind, model.attention.kind), {})
    curves.setdefault(model.cell.kind, []).append(workdir)
  panels = []
  for (order, attention), curves in groups.items():
    found = {cell: lengths.by_length(runs) for cell, runs in curves.items()}
    words = max(lengths.longest(run) for runs in curves.values() for run in runs)
    panels.append(lengths.Panel(words, found, f"order {order}, attention {attention}"))
  lengths.show(panels, next(iter(workdirs.values())).parent)
