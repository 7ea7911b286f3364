"""What `nmt.analysis.comparison` found, as tables to read in a terminal."""

from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nmt.analysis import tables

_NAMES = {"bleu": "BLEU", "chrf": "chrF"}


def show(console: Console, found: dict[str, Any]) -> None:
  """Prints the scores, the buckets, and the sentences that differ most."""
  tables.head(console, f"{found['sentences']} sentences, compared with {found['baseline']}")
  show_scores(console, found)
  console.print()
  tables.head(console, f"BLEU by source {found['length_unit']}")
  console.print(_buckets(found["by_length"], "sentences", "bleu"))
  if found["by_frequency"] is not None:
    tables.head(console, "F1 of target words by how often they were seen in training")
    console.print(_buckets(found["by_frequency"], "reference", "f1"))
  for name, rows in found["sentences_apart"].items():
    if rows:
      both = f"{name} and {found['baseline']}"
      tables.head(console, f"where {both} differ most, by chrF of the sentence")
      for row in rows:
        _sentence(console, row)
      console.print()


def show_scores(console: Console, found: dict[str, Any]) -> None:
  """Prints the scores of each system, and what their intervals are."""
  console.print(_scores(found))
  for key, signature in found["signatures"].items():
    tables.note(console, f"{_NAMES[key]}: {signature}")
  tables.note(
    console,
    "intervals: 95 %, paired bootstrap of sentences; p: approximate randomisation, Holm's "
    "where there are several; both are of these trained models, not of other seeds",
  )


def _scores(found: dict[str, Any]) -> Table:
  table = Table(box=box.SIMPLE)
  table.add_column("system", overflow="fold")
  for name in _NAMES.values():
    for header in (name, "95 %", "difference", "95 % of it", "better in", "p"):
      table.add_column(header, justify="right")
  for name, scores in found["systems"].items():
    cells = [Text(name)]
    for key in _NAMES:
      cells += [Text(cell) for cell in _cells(scores[key])]
    table.add_row(*cells)
  return table


def _cells(one: dict[str, Any]) -> list[str]:
  cells = [f"{one['score']:.2f}", f"[{one['low']:.2f}, {one['high']:.2f}]"]
  if "difference" not in one:
    return [*cells, "", "", "", ""]
  return [
    *cells,
    f"{one['difference']:+.2f}",
    f"[{one['difference_low']:+.2f}, {one['difference_high']:+.2f}]",
    f"{one['better_in']:.0%}",
    f"{one['p_holm']:.4f}",
  ]


def _buckets(found: dict[str, Any], count: str, value: str) -> Table:
  """One row a bucket, one column a system; counts are the same for all."""
  table = Table(box=box.SIMPLE)
  table.add_column("from", justify="right")
  table.add_column("to", justify="right")
  table.add_column("in the references" if count == "reference" else count, justify="right")
  for name in found:
    table.add_column(Text(name), justify="right", overflow="fold")
  by = {name: {row["from"]: row for row in rows} for name, rows in found.items()}
  for start in sorted({start for rows in by.values() for start in rows}):
    here = [rows.get(start) for rows in by.values()]
    first = next(row for row in here if row is not None)
    to = "" if first["to"] is None else str(first["to"])
    table.add_row(
      str(start), to, str(first[count]), *(f"{row[value]:.2f}" if row else "-" for row in here)
    )
  return table


def _sentence(console: Console, row: dict[str, Any]) -> None:
  tables.note(console, f"line {row['line']}, chrF {row['chrf_difference']:+.1f}")
  named = [(side, row[side]) for side in ("source", "reference")]
  named += [(name, f"{text} ({_both(row, name)})") for name, text in row["translations"].items()]
  tables.texts(console, named)


def _both(row: dict[str, Any], name: str) -> str:
  return f"chrF {row['sentence_chrf'][name]:.0f}, BLEU {row['sentence_bleu'][name]:.0f}"
