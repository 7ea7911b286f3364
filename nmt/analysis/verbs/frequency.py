"""How well words are translated by how often the training data have them.

Precision, recall and F1 of the target's words in buckets of their training frequency, as compare-mt
has them (Neubig et al., 2019): a word of a translation is right if its reference has it, as often
as the reference has it. Words are BLEU's. Intervals are of 95 %, from resampled sentences; they say
nothing of other seeds.
"""

import argparse
from typing import Any

from rich.console import Console

from nmt.analysis import style, tables, translated
from nmt.evaluation import frequency

_NAMES = {"precision": "precision", "recall": "recall", "f1": "F1"}


def arguments(parser: argparse.ArgumentParser) -> None:
  """The options of this verb."""
  translated.arguments(parser)


def run(given: argparse.Namespace) -> dict[str, Any]:
  """Runs the verb as the command line asks for it."""
  translated.check_figure(given)
  sample = translated.read(given)
  counts = frequency.training(sample.run.config.data, sample.tokenizer)
  texts = translated.texts(translated.translate(sample, translated.decode_of(given, sample.run)))
  found = {
    "split": sample.split,
    "sentences": len(sample.pairs),
    "update": sample.run.update,
    "tokenizer": sample.tokenizer,
    "rows": frequency.with_intervals(texts, sample.references, counts, sample.tokenizer),
  }
  if given.figure:
    draw(given.figure, found)
  return found


def show(console: Console, found: dict[str, Any]) -> None:
  """Prints a row for each bucket."""
  head = f"{found['split']}: target words of {found['sentences']} sentences, in percent"
  tables.head(console, head)
  console.print(
    tables.numbers(
      ["times in training", "in the references", *_NAMES.values()],
      [
        [_bucket(row), f"{row['reference']:,}", *(tables.within(row[name]) for name in _NAMES)]
        for row in found["rows"]
      ],
    )
  )
  tables.note(console, "in brackets 95 % intervals of resampled sentences")


def draw(path: Any, found: dict[str, Any]) -> None:
  """A line for each of precision, recall and F1 over the buckets."""
  figure, (panel,) = style.panels(1, width=5.4, height=2.8)
  places = range(len(found["rows"]))
  for k, (name, label) in enumerate(_NAMES.items()):
    beside, colour = [place + 0.15 * (k - 1) for place in places], style.COLOURS[k]
    cells = [row[name] for row in found["rows"]]
    style.intervals(panel, beside, cells, colour)
    values = [cell["score"] for cell in cells]
    panel.plot(beside, values, f"{style.MARKS[k]}-", color=colour, markersize=5, label=label)
  labels = [f"{_bucket(row)}\n({row['reference']:,})" for row in found["rows"]]
  panel.set_xticks(places, labels)
  panel.set_ylim(0, 100)
  style.dress(
    panel, "occurrences of the word in training (words in the references)", "words translated, %"
  )
  style.legend(panel)
  style.save(figure, path)


def _bucket(row: dict[str, Any]) -> str:
  if row["to"] is None:
    return f"{row['from']}+"
  return str(row["from"]) if row["from"] == row["to"] else f"{row['from']}-{row['to']}"
