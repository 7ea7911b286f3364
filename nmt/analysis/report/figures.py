"""Drawings of a report: where everything lies. page.html.j2 makes SVG of it, and its tables."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from rich.cells import cell_len

from nmt.analysis.report import scale
from nmt.analysis.report.curves import Curves, Series
from nmt.analysis.report.grid import Grid
from nmt.analysis.report.lengths import Lengths
from nmt.analysis.report.scale import Scale
from nmt.analysis.report.sentences import Drawing
from nmt.analysis.results.columns import shown as shown_columns
from nmt.analysis.results.footer import NAMES
from nmt.analysis.results.table import Row, Table

STYLES = 6  # colours, each with a mark of its own; then again with dashes
_SHAPES = (
  "m-3,0a3,3 0 1,0 6,0a3,3 0 1,0 -6,0",
  "m-3,-3h6v6h-6z",
  "m0,-4l4,7h-8z",
  "m0,-4l4,4l-4,4l-4,-4z",
  "m0,4l4,-7h-8z",
  "m-4,-1h3v-3h2v3h3v2h-3v3h-2v-3h-3z",
)
_WIDTH, _HEIGHT = 680, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 668, 14, 256
_MARKS = 12  # on a line at most, for the eye
_CELL, _LETTER = 22, 7.2  # of a heat map: the side of a cell, the width of a letter
_LONGEST = 22  # cells of a word beside a heat map
_ROW = 46  # of the forest plot


class Line(NamedTuple):
  """points, marks, bars: SVG's own notation."""

  name: str
  style: int
  points: str
  marks: str
  bars: str = ""


class Chart(NamedTuple):
  """Lines over an x axis, which is None where it has no numbers that a pointer could follow."""

  title: str
  x: Scale | None
  y: Scale
  x_label: str
  y_label: str
  x_ticks: list[tuple[float, str]]
  lines: list[Line]
  legend: list[tuple[str, int]]
  table: Grid
  note: str = ""
  width: int = _WIDTH
  height: int = _HEIGHT
  left: int = _LEFT
  right: int = _RIGHT
  top: int = _TOP
  bottom: int = _BOTTOM


class Mark(NamedTuple):
  """An interval with its mean and the scores of single runs."""

  low: float | None
  high: float | None
  shape: str
  filled: bool
  points: list[float]


class ForestRow(NamedTuple):
  """A row of the forest plot: its name above its marks, of the score and of the difference."""

  name: str
  y: float
  style: int
  score: Mark | None
  difference: Mark | None


class Forest(NamedTuple):
  """The table's intervals. scales: of the score and, if anything is compared, of the difference."""

  title: str
  scales: list[tuple[Scale, str]]
  rows: list[ForestRow]
  zero: float | None
  table: Grid
  width: int
  height: float


class Heatmap(NamedTuple):
  """A matrix of weights; across, down: (place, word) of the columns and the rows.

  squares: (x, y, weight) of those that are not white.
  """

  title: str
  across: list[tuple[float, str]]
  down: list[tuple[float, str]]
  squares: list[tuple[float, float, float]]
  left: float
  top: float
  side: int
  width: float
  height: float
  table: Grid


def shape(style: int, x: float, y: float) -> str:
  """The mark of a style at a place."""
  return f"M{x:g},{y:g}{_SHAPES[style % STYLES]}"


def curves(found: Curves, groups: Sequence[str]) -> Chart:
  """A line for each run, in the colour of its configuration."""
  every = [value for one in found.series for value in one.values]
  last = max(update for one in found.series for update in one.updates)
  x = scale.linear([0, last], _LEFT, _RIGHT, most=last or 1)
  percent = found.unit == "BLEU"
  y = (
    scale.linear(every, _BOTTOM, _TOP, most=100)
    if percent
    else scale.logarithmic(every, _BOTTOM, _TOP)
  )
  alone = len({one.group for one in found.series}) == 1
  styles = [place if alone else one.group for place, one in enumerate(found.series)]
  names = [one.name for one in found.series] if alone else [groups[g] for g in styles]
  lines = [_line(one, style, x, y) for one, style in zip(found.series, styles, strict=True)]
  updates = sorted({update for one in found.series for update in one.updates})
  values = [dict(zip(one.updates, one.values, strict=True)) for one in found.series]
  rows = [[f"{at:,}", *(_value(own.get(at)) for own in values)] for at in updates]
  notes = []
  if y.logarithmic:
    notes.append("The vertical axis is logarithmic.")
  if found.thinned:
    notes.append(f"Of a run's values, {len(found.series[0].updates)} evenly spaced ones are shown.")
  if not alone and len(found.series) > len(set(styles)):
    notes.append("A line is a run; runs of one colour differ in the seed.")
  return Chart(
    title=found.title,
    x=x,
    y=y,
    x_label="updates",
    y_label=found.unit,
    x_ticks=x.labels,
    lines=lines,
    legend=sorted(dict(zip(names, styles, strict=True)).items(), key=lambda item: item[1])
    if len(found.series) > 1
    else [],
    table=Grid(
      ["updates", *(one.name for one in found.series)], rows, 0, list(map(float, updates))
    ),
    note=" ".join(notes),
  )


def _line(one: Series, style: int, x: Scale, y: Scale) -> Line:
  places = [(x.at(u), y.at(v)) for u, v in zip(one.updates, one.values, strict=True)]
  marked = np.unique(np.linspace(0, len(places) - 1, min(_MARKS, len(places))).round().astype(int))
  return Line(
    one.name,
    style,
    " ".join(f"{a:g},{b:g}" for a, b in places),
    "".join(shape(style, *places[at]) for at in marked),
  )


def lengths(found: Lengths, names: Mapping[int, str], styles: Mapping[int, int]) -> Chart:
  """BLEU by length; names and styles of rows are by their id()."""
  ends = sorted({bucket for _, scores in found.rows for bucket in scores})
  every = [
    end for _, scores in found.rows for s in scores.values() for end in (s.bleu, s.low, s.high)
  ]
  y = scale.linear([end for end in every if end is not None], _BOTTOM, _TOP, most=100)
  step = (_RIGHT - _LEFT) / len(ends)
  middle = {bucket: _LEFT + step * (at + 0.5) for at, bucket in enumerate(ends)}
  apart = min(10.0, 0.6 * step / len(found.rows))
  lines = []
  for at, (row, scores) in enumerate(found.rows):
    shift = apart * (at - (len(found.rows) - 1) / 2)
    style = styles[id(row)]
    places = [(round(middle[b] + shift, 1), y.at(scores[b].bleu), scores[b]) for b in scores]
    bars = "".join(
      f"M{x:g},{y.at(s.low):g}V{y.at(s.high):g}"
      for x, _, s in places
      if s.low is not None and s.high is not None
    )
    points = " ".join(f"{x:g},{up:g}" for x, up, _ in places)
    marks = "".join(shape(style, x, up) for x, up, _ in places)
    lines.append(Line(names[id(row)], style, points, marks, bars))
  every_set = [scores for _, scores in found.rows]
  table = Grid(
    [f"source {found.unit}", "sentences", *(line.name for line in lines)],
    [
      [
        f"{low}–{high}",
        str(next(scores[low, high].sentences for scores in every_set if (low, high) in scores)),
        *(_within(scores[low, high]) if (low, high) in scores else "" for scores in every_set),
      ]
      for low, high in ends
    ],
  )
  return Chart(
    title=f"BLEU by length of the source ({', '.join(found.splits)})",
    x=None,
    y=y,
    x_label=f"{found.unit} of the source",
    y_label="BLEU",
    x_ticks=[(round(middle[low, high], 1), f"{low}–{high}") for low, high in ends],
    lines=lines,
    legend=[(line.name, line.style) for line in lines] if len(names) > 1 else [],
    table=table,
    note="Bars are 95 % intervals of sentences, and of seeds where there are several.",
  )


def forest(table: Table, names: Mapping[int, str], styles: Mapping[int, int]) -> Forest | None:
  """The table's rows with intervals; None where the metric has no number in any row."""
  rows = [row for row in table.rows if row.values.get(table.metric) is not None]
  if not rows:
    return None
  compared = any(row.values.get("difference") is not None for row in rows)
  edges = [(14, 340), (376, _WIDTH - 12)] if compared else [(14, _WIDTH - 12)]
  kinds = [table.metric, "difference"][: len(edges)]
  scales = []
  for kind, (start, end) in zip(kinds, edges, strict=True):
    seen = [row.values.get(f"{kind}{part}") for row in rows for part in ("", "_low", "_high")]
    seen += [point for row in rows for point in row.points] if kind == table.metric else [0.0]
    most = 100 if kind in ("bleu", "chrf") else math.inf
    scales.append(scale.linear([value for value in seen if value is not None], start, end, most))
  drawn = []
  for at, row in enumerate(rows):
    y, style = 34.0 + _ROW * at, styles[id(row)]
    marks = [
      _mark(row, kind, one, style, y, kind == table.metric or row.star)
      for kind, one in zip(kinds, scales, strict=True)
    ]
    name = _cut(names[id(row)], 90)
    drawn.append(ForestRow(name, y, style, marks[0], marks[1] if compared else None))
  less = "less" if table.lower_is_better else "more"
  labels = [
    f"{NAMES[table.metric]} on {table.study.split}",
    f"difference to the baseline ({less} is better)",
  ]
  shown = shown_columns(table)
  wanted = ("n", NAMES[table.metric], "95 %", "difference", "95 % of it")
  columns = [(name, cell) for name, cell in shown if name in wanted]
  return Forest(
    title=f"{NAMES[table.metric]} with 95 % intervals",
    scales=list(zip(scales, labels, strict=False)),
    rows=drawn,
    zero=scales[1].at(0.0) if compared else None,
    table=Grid(
      ["configuration", *(name for name, _ in columns)],
      [[names[id(row)], *(cell(row) for _, cell in columns)] for row in rows],
    ),
    width=_WIDTH,
    height=34 + _ROW * len(rows) + 34,
  )


def _mark(row: Row, kind: str, on: Scale, style: int, y: float, filled: bool) -> Mark | None:
  value, low, high = (row.values.get(f"{kind}{part}") for part in ("", "_low", "_high"))
  if value is None:
    return None
  start, end = (None if at is None else on.at(at) for at in (low, high))
  points = [on.at(point) for point in row.points] if kind != "difference" else []
  return Mark(start, end, shape(style, on.at(value), y), filled, points)


def heatmap(drawing: Drawing, title: str) -> Heatmap:
  """Source words above, target words to the left; the stronger the colour, the more weight."""
  source, target, alpha_TxJ = drawing
  above, beside = ([_cut(_visible(word), _LONGEST) for word in words] for words in (source, target))
  left = round(max(map(cell_len, beside)) * _LETTER + 8)
  top = round(max(map(cell_len, above)) * _LETTER * 0.75 + 16)
  lean = round(max((cell_len(word) * _LETTER * 0.75 for word in above[-3:]), default=0))
  rounded = np.nan_to_num(alpha_TxJ).round(2)
  return Heatmap(
    title=title,
    across=[(left + _CELL * (j + 0.5), word) for j, word in enumerate(above)],
    down=[(top + _CELL * (i + 0.5), word) for i, word in enumerate(beside)],
    squares=[
      (left + _CELL * j, top + _CELL * i, round(float(min(1, rounded[i, j])), 2))
      for i, j in zip(*np.nonzero(rounded), strict=True)
    ],
    left=left,
    top=top,
    side=_CELL,
    width=left + _CELL * len(source) + lean + 8,
    height=top + _CELL * len(target) + 8,
    table=Grid(
      ["target \\ source", *source],
      [[word, *(f"{w:.2f}" if w else "0" for w in row)] for word, row in
       zip(target, rounded.tolist(), strict=True)],
    ),
  )  # fmt: skip


def _visible(word: str) -> str:
  return word if word.strip() else "␣"


def _cut(text: str, most: int) -> str:
  """A text of at most so many letters' width, with an ellipsis where it is cut."""
  if cell_len(text) <= most:
    return text
  while cell_len(text) > most - 1:
    text = text[:-1]
  return text + "…"


def _value(value: float | None) -> str:
  return "" if value is None else f"{value:,.4g}".replace("-", "−")


def _within(score: object) -> str:
  bleu, low, high = (getattr(score, name) for name in ("bleu", "low", "high"))
  return f"{bleu:.2f}" if low is None else f"{bleu:.2f} [{low:.2f}, {high:.2f}]"
