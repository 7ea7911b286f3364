"""A table as text: for a terminal, Markdown, LaTeX, CSV and JSON."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from nmt.analysis.results.footer import NAMES
from nmt.analysis.results.table import COSTS, SCORES, Row, Table
from nmt.errors import UserError, nearest

Cell = Callable[[Row], str]

_MINUS = "−"


def columns(table: Table) -> list[str]:
  """The names of all values, in order: those of CSV, and what `--sort` takes."""
  scores = [name for name in SCORES if name != table.metric]
  metric = [f"{table.metric}{end}" for end in ("", "_sd", "_low", "_high")]
  compared = [
    *("difference", "difference_low", "difference_high", "pairs", "paired"),
    *("p", "p_randomisation", "p_spread", "p_holm", "probability_of_improvement"),
  ]
  rest = [f"{name}{end}" for name in scores for end in ("", "_sd")]
  return ["n", *metric, *compared, *rest, *COSTS, "device", *table.own]


def ordered(table: Table, by: str | None) -> list[Row]:
  """The rows by a column, the least first (`-column`: the greatest), those without it last."""
  if by is None:
    return table.rows
  name = by.removeprefix("-")
  known = [*table.keys, *columns(table)]
  if name not in known:
    raise UserError(f"--sort: there is no column {name}{nearest(name, known)}")

  def value(row: Row) -> Any:
    return row.label[name] if name in row.label else row.values.get(name)

  with_it = [row for row in table.rows if value(row) is not None]
  numbers = all(isinstance(value(row), int | float) for row in with_it)
  with_it.sort(
    key=lambda row: value(row) if numbers else str(value(row)), reverse=by.startswith("-")
  )
  return with_it + [row for row in table.rows if value(row) is None]


def shown(table: Table) -> list[tuple[str, Cell]]:
  """Headers and cells for people; a column that is empty in all rows is left out."""
  metric = table.metric
  digits = 3 if metric in ("perplexity", "attention_entropy") else 2
  found: list[tuple[str, Cell]] = [(key, _label(key)) for key in table.keys]
  if not table.keys:
    found.append(("runs", lambda row: ", ".join(run.name for run in row.runs.values())))
  found.append(("n", lambda row: str(row.values["n"])))
  found.append((NAMES[metric], _score(metric, digits)))
  found.append(("95 %", lambda row: _interval(row, metric, digits)))
  if table.baselines:
    found += [
      ("difference", lambda row: _difference(row, digits)),
      ("95 % of it", lambda row: _interval(row, "difference", digits, signed=True)),
      ("p", lambda row: _p(row.values.get("p_holm"))),
      ("P(better)", lambda row: _number(row.values.get("probability_of_improvement"), 2)),
    ]
  for name in SCORES:
    if name != metric:
      places = 3 if name in ("perplexity", "attention_entropy") else 2
      found.append((NAMES[name], _score(name, places)))
  found += [
    ("parameters", lambda row: _large(row.values.get("parameters"))),
    ("FLOPs/token", lambda row: _large(row.values.get("flops_per_target_token"))),
    ("tokens/s", lambda row: _large(row.values.get("target_tokens_per_second"))),
    ("device", lambda row: row.values.get("device") or ""),
    ("hours", lambda row: _hours(row.values.get("hours"))),
  ]
  found += [(name, _score(name, 3)) for name in table.own]
  return [(name, cell) for name, cell in found if any(cell(row) for row in table.rows)]


def terminal(console: Console, table: Table, rows: Sequence[Row], footer: Sequence[str]) -> None:
  """Prints the table, in as many parts as the terminal's width asks for, and its footer."""
  console.print(Text(_title(table), style="bold"), soft_wrap=True)
  cells = [(short(name, table.keys), cell) for name, cell in shown(table)]
  for part in _parts(cells, rows, max(1, len(table.keys)), console.width):
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


def short(name: str, keys: Sequence[str]) -> str:
  """The end of a key that no other key has, for a column as narrow as its values."""
  words = name.split(".")
  for start in range(len(words) - 1 - (words[-1] == "kind"), 0, -1):
    end = ".".join(words[start:])
    if sum(f".{key}".endswith(f".{end}") for key in keys) == 1:
      return end
  return name


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
  keys = max(1, len(table.keys))
  out = [f"**{_escape_markdown(_title(table))}**", ""]
  if table.study.question:
    out += [_escape_markdown(table.study.question), ""]
  out.append(_pipes(header for header, _ in cells))
  out.append(
    _pipes(
      ":--" if place < keys or header == "device" else "--:"
      for place, (header, _) in enumerate(cells)
    )
  )
  out += [_pipes(cell(row) for _, cell in cells) for row in rows]
  out += ["", *(f"- {_escape_markdown(line)}" for line in footer)]
  return "\n".join(out) + "\n"


def latex(table: Table, rows: Sequence[Row], footer: Sequence[str]) -> str:
  """A tabular of LaTeX (needs the package booktabs), its footer in comments."""
  cells = shown(table)
  keys = max(1, len(table.keys))
  letters = "".join(
    "l" if place < keys or header == "device" else "r" for place, (header, _) in enumerate(cells)
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
    label = [_plain(row.label[key]) for key in table.keys]
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
    _MINUS: "$-$",
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


def _label(key: str) -> Cell:
  return lambda row: _plain(row.label[key])


def _score(name: str, digits: int) -> Cell:
  return lambda row: _with_sd(row, name, digits)


def _plain(value: Any) -> str:
  if isinstance(value, tuple | list):
    return "+".join(map(str, value))
  return "" if value is None else str(value)


def _number(value: float | None, digits: int, signed: bool = False) -> str:
  if value is None:
    return ""
  text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
  return text.replace("-", _MINUS)


def _with_sd(row: Row, name: str, digits: int) -> str:
  sd = row.values.get(f"{name}_sd")
  text = _number(row.values.get(name), digits)
  return text if sd is None or not text else f"{text} ± {_number(sd, digits)}"


def _interval(row: Row, name: str, digits: int, signed: bool = False) -> str:
  low, high = (row.values.get(f"{name}_{end}") for end in ("low", "high"))
  if low is None or high is None:
    return ""
  return f"[{_number(low, digits, signed)}, {_number(high, digits, signed)}]"


def _difference(row: Row, digits: int) -> str:
  if row.is_baseline:
    return "baseline"
  text = _number(row.values.get("difference"), digits, signed=True)
  return text + " *" * row.star if text else "not compared"


def _p(value: float | None) -> str:
  if value is None:
    return ""
  return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _large(value: float | None) -> str:
  if value is None:
    return ""
  for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
    if value >= size:
      return f"{value / size:.3g}{letter}"
  return f"{value:.3g}"


def _hours(value: float | None) -> str:
  return "" if value is None else f"{value:.2f}" if value >= 0.1 else f"{value:.4f}"
