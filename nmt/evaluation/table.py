"""Scores as a table to read in a terminal."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

_EXAMPLES = 3


def show(
  console: Console,
  found: dict[str, Any],
  sources: Sequence[str],
  references: Sequence[str],
  hypotheses: Sequence[str],
) -> None:
  """Prints what `report` found, and a few translations beside their references."""
  console.print(_scores(found), _by_length(found), _examples(sources, references, hypotheses))


def _scores(found: dict[str, Any]) -> Table:
  table = Table(title=f"{found['split']}: {found['sentences']} sentences", title_justify="left")
  table.add_column("score")
  table.add_column("value", justify="right")
  table.add_column("how", style="dim", overflow="fold")
  for name, key in (("BLEU", "bleu"), ("BLEU, lower-cased", "bleu_lowercase"), ("chrF", "chrf")):
    table.add_row(name, f"{found[key]['score']:.2f}", found[key]["signature"])
  if (subset := found["no_unk"]) is not None:
    score = "-" if subset["bleu"] is None else f"{subset['bleu']:.2f}"
    how = f"{subset['sentences']} sentences without [UNK] in source and reference"
    table.add_row("BLEU, no UNK", score, how)
  how = f"of {found['reference_tokens']} reference tokens, ends of sentence included"
  value = "-" if found["perplexity"] is None else f"{found['perplexity']:.3f}"
  table.add_row("perplexity", value, how)
  if (links := found["alignment"]) is not None:
    how = f"precision {links['precision']:.2f}, recall {links['recall']:.2f}, references forced"
    table.add_row("AER", f"{links['aer']:.2f}", how)
  return table


def _by_length(found: dict[str, Any]) -> Table:
  table = Table(title="by source length", title_justify="left")
  table.add_column("words")
  for row in found["by_length"]:
    table.add_column(f"{row['from']}-{row['to']}", justify="right")
  table.add_row("sentences", *(str(row["sentences"]) for row in found["by_length"]))
  table.add_row("BLEU", *(f"{row['bleu']:.2f}" for row in found["by_length"]))
  return table


def _examples(
  sources: Sequence[str], references: Sequence[str], hypotheses: Sequence[str]
) -> Table:
  table = Table(title="translations", title_justify="left", show_lines=True)
  for side in ("source", "reference", "translation"):
    table.add_column(side, ratio=1, overflow="fold")
  count = min(_EXAMPLES, len(sources))
  for place in range(count):
    index = place * len(sources) // count
    # Text: square brackets in a sentence are no markup.
    table.add_row(Text(sources[index]), Text(references[index]), Text(hypotheses[index]))
  return table
