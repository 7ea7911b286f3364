"""A forest plot: a row for each configuration, its mean, its interval, and its difference."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nmt.analysis import fonts
from nmt.analysis.heatmap import check_path, save
from nmt.analysis.results.footer import NAMES
from nmt.analysis.results.table import Row, Table

# Of Okabe and Ito's palette, told apart by the colour-blind; shape says the same as colour.
_BLUE, _ORANGE = "#0072B2", "#D55E00"
_INK, _FAINT = "#1a1a1a", "#bbbbbb"
_ROW = 0.32  # inches

check = check_path


def draw(path: str | Path, table: Table, rows: Sequence[Row]) -> None:
  """Draws the rows in the order given: left the scores, right the differences to the baseline.

  Large marks are means, small ones single runs, lines 95 % intervals; a filled mark is a
  significant difference. PNG or PDF by the path's suffix. Raises UserError where that can't be
  written.
  """
  names = ["\n".join(_wrapped(row)) for row in rows]
  families, (labels, _) = fonts.choose([names, [table.study.name]])
  baselines = table.baselines
  compared = bool(baselines) and len(rows) > len(baselines)
  heights = [max(1, name.count("\n") + 1) for name in labels]
  height = _ROW * (sum(heights) + 0.6)
  figure = Figure(
    figsize=(9.0 if compared else 5.5, height + 1.0), dpi=160, facecolor="white",
    layout="constrained",
  )  # fmt: skip
  panels = figure.subplots(1, 2 if compared else 1, sharey=True, squeeze=False)[0]
  places = [-float(sum(heights[:at]) + heights[at] / 2) for at in range(len(rows))]
  style: dict[str, Any] = {
    "fontfamily": families,
    "fontsize": 9,
    "color": _INK,
    "parse_math": False,
  }
  panels[0].set_yticks(places, labels, **style)
  panels[0].set_ylim(-sum(heights) - 0.3, 0.3)
  for at, row in zip(places, rows, strict=True):
    colour = _ORANGE if row.is_baseline else _BLUE
    _mark(panels[0], at, row, table.metric, colour, filled=True, square=row.is_baseline)
    panels[0].plot(
      row.points, [at - 0.22] * len(row.points), "|", color=colour, markersize=5, alpha=0.7
    )
    if compared and not row.is_baseline:
      _mark(panels[1], at, row, "difference", _BLUE, filled=row.star, square=False)
  panels[0].set_xlabel(f"{NAMES[table.metric]} on {table.study.split}", **style)
  if compared:
    to = "the baseline"
    if len(baselines) == 1:
      to = baselines[0].name
      panels[0].axvline(baselines[0].values[table.metric], color=_ORANGE, linewidth=0.8, zorder=0)
    panels[1].axvline(0, color=_ORANGE, linewidth=0.8, zorder=0)
    less = "less" if table.lower_is_better else "more"
    panels[1].set_xlabel(f"difference to {to}\n({less} is better; filled: significant)", **style)
  for panel in panels:
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.spines["bottom"].set(color=_FAINT, linewidth=0.6)
    panel.tick_params(axis="y", length=0)
    panel.tick_params(axis="x", labelsize=8, color=_FAINT, labelcolor="#666666")
    panel.grid(axis="x", color="#eeeeee", linewidth=0.6)
    panel.set_axisbelow(True)
  save(figure, Path(path))


def _mark(
  panel: Axes, at: float, row: Row, name: str, colour: str, filled: bool, square: bool
) -> None:
  value, low, high = (row.values.get(f"{name}{end}") for end in ("", "_low", "_high"))
  if value is None:
    return
  if low is not None and high is not None:
    panel.plot([low, high], [at, at], color=colour, linewidth=1.4, solid_capstyle="butt")
  panel.plot(
    [value],
    [at],
    "s" if square else "o",
    markersize=6,
    markeredgecolor=colour,
    markerfacecolor=colour if filled else "white",
  )


def _wrapped(row: Row, width: int = 44) -> list[str]:
  """The row's name in lines that are cut between its keys."""
  lines = [""]
  for key, value in row.label.items():
    part = f"{key}={value}"
    if lines[-1] and len(lines[-1]) + len(part) > width:
      lines.append("")
    lines[-1] += f", {part}" if lines[-1] else part
  return [line or row.name for line in lines]
