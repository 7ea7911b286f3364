"""Scores as a table to read in a terminal."""

from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from nmt.analysis import tables
from nmt.decoding.limits import MAX_FORCED, MAX_SOURCE
from nmt.evaluation.report import Report

_EXAMPLES = 3
_METRICS = (("BLEU", "bleu"), ("BLEU, lower-cased", "bleu_lowercase"), ("chrF", "chrf"))

# Of these, sentences are lost to a limit: shown where there are any.
_LENGTHS = (
  ("cut translations", "cut", "had not ended at their longest: raise decode.max_ratio"),
  ("untranslated", "too_long", f"sources of more than {MAX_SOURCE} tokens, left empty"),
  (
    "not forced",
    "not_forced",
    f"more than {MAX_FORCED} tokens: not in perplexity and AER",
  ),
)


def show(console: Console, report: Report) -> None:
  """Prints what was found, and a few translations beside their references."""
  found = report.scores
  console.print(_scores(found))
  for name, key in _METRICS:
    tables.note(console, f"{name}: {found[key]['signature']}")
  console.print()
  console.print(_by_length(found))
  tables.head(console, "translations")
  for sentence in _examples(report):
    tables.texts(console, sentence)
    console.print()


def _table(title: str, **more: Any) -> Table:
  return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE, **more)


def _scores(found: dict[str, Any]) -> Table:
  table = _table(f"{found['split']}: {found['sentences']} sentences", show_header=False)
  table.add_column("score")
  table.add_column("value", justify="right", style="bold")
  table.add_column("how", style="dim")
  for name, key in _METRICS:
    table.add_row(name, f"{found[key]['score']:.2f}")
  if (subset := found["no_unk"]) is not None:
    score = "-" if subset["bleu"] is None else f"{subset['bleu']:.2f}"
    table.add_row("BLEU, no UNK", score, f"{subset['sentences']} sentences of known words")
  value = "-" if found["perplexity"] is None else f"{found['perplexity']:.3f}"
  table.add_row("perplexity", value, f"{found['reference_tokens']} reference tokens, ends included")
  if (links := found["alignment"]) is not None:
    how = (
      f"precision {links['precision']:.2f}, recall {links['recall']:.2f}; references forced; "
      f"by argmax {links['aer_argmax']:.2f}"
    )
    table.add_row("AER", f"{links['aer']:.2f}", how)
  if (entropy := found.get("attention_entropy")) is not None:
    table.add_row("attention entropy", f"{entropy:.3f}", "nats a target token; references forced")
  if (covered := found.get("attention_coverage")) is not None:
    table.add_row("attention coverage", f"{covered:.3f}", "of a source token, 1 at most; likewise")
  for name, key, how in _LENGTHS:
    if found[key]:
      table.add_row(name, str(found[key]), how)
  return table


def _by_length(found: dict[str, Any]) -> Table:
  table = _table("by source length")
  table.add_column("words")
  for row in found["by_length"]:
    table.add_column(f"{row['from']}-{row['to']}", justify="right")
  table.add_row("sentences", *(str(row["sentences"]) for row in found["by_length"]))
  table.add_row("BLEU", *(f"{row['bleu']:.2f}" for row in found["by_length"]))
  return table


def _examples(report: Report) -> list[list[tuple[str, str]]]:
  """Some sentences from all over the split."""
  rows = list(zip(report.sources, report.references, report.hypotheses, strict=True))
  count = min(_EXAMPLES, len(rows))
  names = ("source", "reference", "translation")
  some = (rows[place * len(rows) // count] for place in range(count))
  return [list(zip(names, row, strict=True)) for row in some]
