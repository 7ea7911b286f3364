"""What a table says of a row, column by column: for people, and the names of all numbers."""

from collections.abc import Callable, Sequence
from typing import Any

from nmt.analysis.results.footer import NAMES
from nmt.analysis.results.table import COSTS, SCORES, Row, Table
from nmt.errors import UserError, nearest

Cell = Callable[[Row], str]

MINUS = "−"


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
  if table.rows[0].called:
    found = [("configuration", lambda row: row.name)]
  elif not table.keys:
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


def short(name: str, keys: Sequence[str]) -> str:
  """The end of a key that no other key has, for a column as narrow as its values."""
  words = name.split(".")
  for start in range(len(words) - 1 - (words[-1] == "kind"), 0, -1):
    end = ".".join(words[start:])
    if sum(f".{key}".endswith(f".{end}") for key in keys) == 1:
      return end
  return name


def _label(key: str) -> Cell:
  return lambda row: plain(row.label[key])


def _score(name: str, digits: int) -> Cell:
  return lambda row: _with_sd(row, name, digits)


def plain(value: Any) -> str:
  """A value of a config, as a cell has it."""
  if isinstance(value, tuple | list):
    return "+".join(map(str, value))
  return "" if value is None else str(value)


def _number(value: float | None, digits: int, signed: bool = False) -> str:
  if value is None:
    return ""
  text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
  return text.replace("-", MINUS)


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
