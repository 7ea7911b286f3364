"""BLEU, chrF, length and alignment errors by how long the source is, with intervals.

A split is translated, and its sentences of 1-10, 11-20, ... source words are scored together. The
length is that of the translations by that of the references, in words as BLEU counts them; the
alignment error rate needs gold links and attention, and is of forced references. Intervals are of
95 %, from resampled sentences; they say nothing of other seeds.
"""

import argparse
from typing import Any

from rich.console import Console

from nmt.analysis import style, tables, translated
from nmt.analysis.comparison import Task
from nmt.analysis.translated import Sample
from nmt.evaluation import alignment, attention
from nmt.evaluation.by_length import Measure, rows
from nmt.evaluation.references import linked_words
from nmt.evaluation.sufficient import Bleu, Chrf

_NAMES = {"bleu": "BLEU", "chrf": "chrF", "length": "length ratio", "aer": "AER"}
_UNITS = {
  "bleu": "BLEU",
  "chrf": "chrF",
  "length": "translation / reference, %",
  "aer": "alignment error rate, %",
}


def arguments(parser: argparse.ArgumentParser) -> None:
  """The options of this verb."""
  translated.arguments(parser)


def run(given: argparse.Namespace) -> dict[str, Any]:
  """Runs the verb as the command line asks for it."""
  translated.check_figure(given)
  sample = translated.read(given)
  decode = translated.decode_of(given, sample.run)
  found = lengths(sample, translated.texts(translated.translate(sample, decode)))
  if given.figure:
    draw(given.figure, found)
  return found


def lengths(sample: Sample, texts: list[str]) -> dict[str, Any]:
  """Rows by source length, of translations that are there."""
  references, task = sample.references, Task(sample.sources, sample.references, sample.tokenizer)
  bleu, chrf = Bleu(references, task.tokenizer), Chrf(references)
  counts = bleu.counts(texts)
  measures = {
    "bleu": Measure(counts, bleu.score),
    "chrf": Measure(chrf.counts(texts), chrf.score),
    "length": Measure(counts[:, :2], lambda sums: 100 * sums[..., 0] / sums[..., 1].clip(1)),
  }
  linked = [pair for pair in sample.pairs if pair.links]
  if sample.run.aligns and len(linked) == len(sample.pairs):
    measures["aer"] = Measure(_links(sample), alignment.error_rate)
  return {
    "split": sample.split,
    "sentences": len(sample.pairs),
    "update": sample.run.update,
    "unit": task.unit,
    "signatures": {"bleu": bleu.signature, "chrf": chrf.signature},
    "rows": rows(measures, task.lengths()),
  }


def _links(sample: Sample) -> Any:
  """Counts of the links that attention makes of forced references."""
  words = (linked_words(sample.run, pair) for pair in sample.pairs)
  found = [
    [] if one.alpha_TxJ is None else attention.links(one.alpha_TxJ)
    for one in attention.align(sample.run, words)
  ]
  return alignment.counts(found, [alignment.parse(pair.links) for pair in sample.pairs])


def show(console: Console, found: dict[str, Any]) -> None:
  """Prints a row for each length."""
  tables.head(console, f"{found['split']}: {found['sentences']} sentences by source length")
  names = _measured(found)
  console.print(
    tables.numbers(
      [found["unit"], "sentences", *(_NAMES[name] for name in names)],
      [
        [
          f"{row['from']}-{row['to']}",
          str(row["sentences"]),
          *(tables.within(row[name]) for name in names),
        ]
        for row in found["rows"]
      ],
    )
  )
  for name, signature in found["signatures"].items():
    tables.note(console, f"{_NAMES[name]}: {signature}")
  tables.note(
    console, "in brackets 95 % intervals of resampled sentences; ratio and AER in percent"
  )


def draw(path: Any, found: dict[str, Any]) -> None:
  """A panel for each score, with its intervals."""
  names, places = _measured(found), range(len(found["rows"]))
  columns = 2 if len(names) > 2 else len(names)
  figure, panels = style.panels(columns, -(-len(names) // columns))
  for panel, name in zip(panels, names, strict=False):
    cells = [row[name] for row in found["rows"]]
    style.intervals(panel, places, cells, style.BLUE)
    panel.plot(places, [cell["score"] for cell in cells], "o-", color=style.BLUE, markersize=5)
    panel.set_xticks(places, [f"{row['from']}-{row['to']}" for row in found["rows"]])
    style.dress(panel, f"source length, {found['unit']}", _UNITS[name])
  for panel in panels[len(names) :]:
    panel.remove()
  style.save(figure, path)


def _measured(found: dict[str, Any]) -> list[str]:
  return [name for name in _NAMES if name in found["rows"][0]]
