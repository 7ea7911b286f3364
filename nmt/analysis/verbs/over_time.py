"""Every kept checkpoint beside the others: loss, BLEU, attention, gates, norms and ranks.

The validation split is forced and translated greedily with each. Of attention, over forced
references: the alignment error rate where there are gold links, entropy in nats a target token,
coverage (Wu et al., 2016: min(1, sum of alpha) of a source token) and diagonality (the weights
that guided attention asks for: Tachibana et al., 2018). Gates: the shares of the decoder's below
0.1 and above 0.9 (Karpathy et al., 2015). Rank: the effective rank of the word vectors (Roy and
Vetterli, 2007). valid.keep_at and valid.keep_tenfold make a run keep more checkpoints.
"""

import argparse
from typing import Any

import jax
import numpy as np
from rich.console import Console

from nmt import models
from nmt.analysis import style, tables, translated
from nmt.analysis.gates import saturation
from nmt.analysis.place import Place, place
from nmt.analysis.spectrum import effective_rank, singular_values
from nmt.analysis.translated import Sample
from nmt.decoding.trained import Run
from nmt.errors import UserError
from nmt.evaluation.bleu import bleu
from nmt.evaluation.references import force_references
from nmt.training import checkpoints
from nmt.training.transfer import E_X, E_Y, untied

_COLUMNS = {
  "loss": ("loss", 3),
  "bleu": ("BLEU", 2),
  "aer": ("AER, %", 2),
  "entropy": ("entropy", 3),
  "coverage": ("coverage", 3),
  "diagonality": ("diagonality", 3),
  "shut": ("shut, %", 1),
  "open": ("open, %", 1),
  "norm": ("norm", 1),
  "rank_source": ("rank E_x", 1),
  "rank_target": ("rank E_y", 1),
}
_PANELS = [
  ("loss, nats a token", {"loss": ""}),
  ("BLEU", {"bleu": ""}),
  ("alignment error rate, %", {"aer": ""}),
  ("attention entropy, nats", {"entropy": ""}),
  ("attention, mean", {"coverage": "coverage", "diagonality": "diagonality"}),
  ("decoder gates, %", {"shut": "shut (< 0.1)", "open": "open (> 0.9)"}),
  ("norm of all parameters", {"norm": ""}),
  ("effective rank", {"rank_source": "source vectors", "rank_target": "target vectors"}),
]


def arguments(parser: argparse.ArgumentParser) -> None:
  """The options of this verb."""
  translated.arguments(parser, search=False)


def run(given: argparse.Namespace) -> dict[str, Any]:
  """Runs the verb as the command line asks for it."""
  translated.check_figure(given)
  found = over_time(place(given.run), given.split, given.sentences)
  if given.figure:
    draw(given.figure, found)
  return found


def over_time(one: Place, split: str | None = None, sentences: int | None = None) -> dict[str, Any]:
  """A row for each checkpoint of a run, the first first.

  Damaged ones, and those that a live run deletes meanwhile, are left out with a warning. UserError:
  there is none that is whole.
  """
  home = one.home
  updates = checkpoints.updates(home.checkpoints)
  if not updates:
    raise UserError(f"{one.name} has no checkpoint yet")
  last = one.load()
  sample = translated.sample(last, split or last.config.data.valid, sentences)
  rows = []
  for update in updates:
    try:
      run = Place(one.name, one.path, str(update)).load()
    except UserError:  # what is wrong with it was said
      continue
    rows.append({"update": update, **measure(sample._replace(run=run))})
  if not rows:
    raise UserError(f"{one.name} has no whole checkpoint any more")
  return {"split": sample.split, "sentences": len(sample.pairs), "rows": rows}


def measure(sample: Sample) -> dict[str, float | None]:
  """All that is said of one checkpoint; None where the model or the corpus has no such thing."""
  run = sample.run
  greedy = run.config.decode.copy_and_resolve_references()
  greedy.beam = 1
  texts = translated.texts(translated.translate(sample, greedy, f"update {run.update}:"))
  encoded = sample.encoded()
  forced = force_references(run, sample.pairs, encoded, texts)
  tokens = forced.likelihood["reference_tokens"]
  looked = forced.attention or {}
  gates = saturation(run, encoded)
  return {
    "loss": -forced.likelihood["log_probability"] / tokens if tokens else None,
    "bleu": bleu(texts, sample.references, tokenizer=sample.tokenizer)[0],
    "aer": None if forced.alignment is None else forced.alignment["aer"],
    **{key: looked.get(f"attention_{key}") for key in ("entropy", "coverage", "diagonality")},
    "shut": None if gates is None else 100 * gates.shut,
    "open": None if gates is None else 100 * gates.open,
    **_weights(run),
  }


def _weights(run: Run) -> dict[str, float]:
  """The norm of all parameters, and the effective rank of the word vectors of both sides."""
  arrays = models.flat(jax.device_get(run.params))
  squares = (float(np.square(array, dtype=np.float64).sum()) for array in arrays.values())
  every = untied(run.config.model, arrays)
  return {
    "norm": sum(squares) ** 0.5,
    "rank_source": effective_rank(singular_values(every[E_X])),
    "rank_target": effective_rank(singular_values(every[E_Y])),
  }


def show(console: Console, found: dict[str, Any]) -> None:
  """Prints a row for each checkpoint, without the columns that are empty."""
  head = f"{found['split']}: {found['sentences']} sentences, translated greedily"
  tables.head(console, head)
  keys = [key for key in _COLUMNS if any(row[key] is not None for row in found["rows"])]
  console.print(
    tables.numbers(
      ["update", *(_COLUMNS[key][0] for key in keys)],
      [
        [f"{row['update']:,}", *(tables.number(row[key], _COLUMNS[key][1]) for key in keys)]
        for row in found["rows"]
      ],
    )
  )


def draw(path: Any, found: dict[str, Any]) -> None:
  """A panel for each measure over the updates, on a logarithmic axis where they span much."""
  rows = found["rows"]
  updates = [row["update"] for row in rows]
  shown = [
    (unit, keys)
    for unit, keys in _PANELS
    if any(row[key] is not None for row in rows for key in keys)
  ]
  figure, panels = style.panels(4, -(-len(shown) // 4), width=2.9, height=2.3)
  for panel, (unit, keys) in zip(panels, shown, strict=False):
    for (key, label), colour, mark in zip(keys.items(), style.COLOURS, style.MARKS, strict=False):
      values = [np.nan if row[key] is None else row[key] for row in rows]
      panel.plot(updates, values, f"{mark}-", color=colour, markersize=4, label=label)
    if updates[0] > 0 and updates[-1] >= 20 * updates[0]:
      panel.set_xscale("log")
    style.dress(panel, "updates", unit)
    style.legend(panel)
  for panel in panels[len(shown) :]:
    panel.remove()
  style.save(figure, path)
