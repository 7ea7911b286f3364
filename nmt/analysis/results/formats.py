"""A table as text: for a terminal, Markdown, LaTeX, CSV and JSON."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from nmt.analysis.results.columns import MINUS, Cell, columns, plain, short, shown
from nmt.analysis.results.footer import NAMES
from nmt.analysis.results.table import SCORES, Row, Table


def terminal(console: Console, table: Table, rows: Sequence[Row], footer: Sequence[str]) -> None:
  """Prints the table, in as many parts as the terminal's width asks for, and its footer."""
  console.print(Text(_title(table), style="bold"), soft_wrap=True)
  cells = [(short(name, table.keys), cell) for name, cell in shown(table)]
  for part in _parts(cells, rows, table.heads, console.width):
    drawn = RichTable(box=box.SIMPLE)
    for header, _, left in part:
      drawn.add_column(Text(header), justify="left" if left else "right", overflow="fold")
    for row in rows:
      style = "bold" if row.star else "dim" if row.is_baseline else ""
      drawn.add_row(*(Text(cell(row)) for _, cell, _ in part), style=style)
    console.print(drawn)
  if table.study.question:
    console.print(Text(table.study.question), soft_wrap=True)
  for line in footer:
    console.print(Text(f"  {line}", style="dim"), soft_wrap=True)


def _parts(
  cells: Sequence[tuple[str, Cell]], rows: Sequence[Row], keys: int, width: int
) -> list[list[tuple[str, Cell, bool]]]:
  """Columns, and whether each is text, in parts that fit a width; each begins with the keys."""
  columns = [(name, cell, place < keys or name == "device") for place, (name, cell) in
             enumerate(cells)]  # fmt: skip
  wide = [
    3 + max(cell_len(text) for text in (name, *(cell(row) for row in rows))) for name, cell in cells
  ]
  first, taken = columns[:keys], sum(wide[:keys])
  parts, used = [list(first)], taken
  for column, own in zip(columns[keys:], wide[keys:], strict=True):
    if used + own > width and len(parts[-1]) > keys:
      parts.append(list(first))
      used = taken
    parts[-1].append(column)
    used += own
  return parts


def markdown(table: Table, rows: Sequence[Row], footer: Sequence[str]) -> str:
  """A table of GitHub's Markdown, its footer a list."""
  cells = shown(table)
  out = [f"**{_escape_markdown(_title(table))}**", ""]
  if table.study.question:
    out += [_escape_markdown(table.study.question), ""]
  out.append(_pipes(header for header, _ in cells))
  out.append(
    _pipes(
      ":--" if place < table.heads or header == "device" else "--:"
      for place, (header, _) in enumerate(cells)
    )
  )
  out += [_pipes(cell(row) for _, cell in cells) for row in rows]
  out += ["", *(f"- {_escape_markdown(line)}" for line in footer)]
  return "\n".join(out) + "\n"


def latex(table: Table, rows: Sequence[Row], footer: Sequence[str]) -> str:
  """A tabular of LaTeX (needs the package booktabs), its footer in comments."""
  cells = shown(table)
  letters = "".join(
    "l" if place < table.heads or header == "device" else "r"
    for place, (header, _) in enumerate(cells)
  )
  ending = r" \\"
  out = [f"% {' '.join(line.split())}" for line in (_title(table), table.study.question) if line]
  out += [rf"\begin{{tabular}}{{{letters}}}", r"\toprule"]
  out.append(" & ".join(escape_latex(header) for header, _ in cells) + ending)
  out.append(r"\midrule")
  for row in rows:
    out.append(" & ".join(escape_latex(cell(row)) for _, cell in cells) + ending)
  out += [r"\bottomrule", r"\end{tabular}"]
  return "\n".join(out + [f"% {' '.join(line.split())}" for line in footer]) + "\n"


def comma_separated(table: Table, rows: Sequence[Row]) -> str:
  """CSV with all numbers in full, one column each; empty where there is none."""
  out = io.StringIO()
  writer = csv.writer(out, lineterminator="\n")
  names = columns(table)
  writer.writerow([*table.keys, "baseline", "runs", *names])
  for row in rows:
    label = [plain(row.label[key]) for key in table.keys]
    runs = " ".join(run.name for run in row.runs.values())
    values = ("" if row.values.get(name) is None else row.values[name] for name in names)
    writer.writerow([*label, row.is_baseline, runs, *values])
  return out.getvalue()


def as_json(table: Table, rows: Sequence[Row], footer: Sequence[str]) -> str:
  """All of it, for programs."""
  study = table.study
  value = {
    "study": study.name,
    "question": study.question,
    "split": study.split,
    "metric": table.metric,
    "keys": table.keys,
    "rows": [
      {
        "label": row.label,
        "baseline": row.is_baseline,
        "significant": row.star,
        "runs": {run.name: score for run, score in _scored(row)},
        **{name: row.values.get(name) for name in columns(table)},
      }
      for row in rows
    ],
    "missing": study.missing,
    "signatures": table.signatures,
    "notes": list(footer),
  }
  return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def json_lines(table: Table) -> str:
  """A line for each run, as JSON: what it is, its scores and what it took."""
  study = table.study
  out = []
  for run in study.runs:
    line = {
      "study": study.name,
      "run": run.name,
      "split": study.split,
      "overrides": study.points.get(run.name, {}),
      "commit": run.commit,
      **{name: get(run.scores) for name, (get, _) in SCORES.items()},
      **{name: values.get(run.name) for name, values in table.own.items()},
      **run.costs,
    }
    out.append(json.dumps(line, ensure_ascii=False))
  return "".join(f"{line}\n" for line in out)


def escape_latex(text: str) -> str:
  """`text` as LaTeX prints it."""
  special = {
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    MINUS: "$-$",
    "<": "$<$",
    ">": "$>$",
    "±": r"$\pm$",
  }
  return "".join(special.get(letter, letter) for letter in " ".join(text.split()))


def _scored(row: Row) -> Iterator[tuple[Any, float | None]]:
  points: Sequence[float | None] = row.points or [None] * len(row.runs)
  yield from zip(row.runs.values(), points, strict=True)


def _title(table: Table) -> str:
  runs = sum(row.values["n"] for row in table.rows)
  missing = f", {len(table.study.missing)} missing" if table.study.missing else ""
  return f"{table.study.name}: {NAMES[table.metric]} on {table.study.split}, {runs} runs{missing}"


def _pipes(cells: Any) -> str:
  return "| " + " | ".join(_escape_markdown(cell) for cell in cells) + " |"


def _escape_markdown(text: str) -> str:
  kept = " ".join(text.split())
  for letter in "\\|*<`":
    kept = kept.replace(letter, f"\\{letter}")
  return kept
