"""A forest plot: a row for each configuration, its mean, its interval, and its difference."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nmt.analysis import fonts
from nmt.analysis.results.footer import NAMES
from nmt.analysis.results.table import Row, Table
from nmt.analysis.style import BLUE, FAINT, GREY, GRID, INK, ORANGE, check_path, save

_ROW = 0.32  # inches

check = check_path


def draw(path: str | Path, table: Table, rows: Sequence[Row]) -> None:
  """Draws the rows in the order given: left the scores, right the differences to the baseline.

  Large marks are means, small ones single runs, lines 95 % intervals; a filled mark is a
  significant difference. PNG, PDF or SVG by the path's suffix. Raises UserError where that can't be
  written.
  """
  families, drawn = fonts.choose([*map(_wrapped, rows), [table.study.name]])
  labels = ["\n".join(lines) for lines in drawn[:-1]]
  baselines = table.baselines
  compared = bool(baselines) and len(rows) > len(baselines)
  heights = [(len(lines) + 1) / 2 for lines in drawn[:-1]]
  height = _ROW * (sum(heights) + 0.6)
  figure = Figure(
    figsize=(9.0 if compared else 5.5, height + 1.0), dpi=160, facecolor="white",
    layout="constrained",
  )  # fmt: skip
  panels = figure.subplots(1, 2 if compared else 1, sharey=True, squeeze=False)[0]
  places = [-(sum(heights[:at]) + heights[at] / 2) for at in range(len(rows))]
  style: dict[str, Any] = {
    "fontfamily": families,
    "fontsize": 9,
    "color": INK,
    "parse_math": False,
  }
  panels[0].set_yticks(places, labels, **style)
  panels[0].set_ylim(-sum(heights) - 0.3, 0.3)
  for at, row in zip(places, rows, strict=True):
    colour = ORANGE if row.is_baseline else BLUE
    _mark(panels[0], at, row, table.metric, colour, filled=True, square=row.is_baseline)
    panels[0].plot(
      row.points, [at - 0.22] * len(row.points), "|", color=colour, markersize=5, alpha=0.7
    )
    if compared and not row.is_baseline:
      _mark(panels[1], at, row, "difference", BLUE, filled=row.star, square=False)
  panels[0].set_xlabel(f"{NAMES[table.metric]} on {table.study.split}", **style)
  if compared:
    to = "the baseline"
    if len(baselines) == 1:
      to = baselines[0].name
      panels[0].axvline(baselines[0].values[table.metric], color=ORANGE, linewidth=0.8, zorder=0)
    panels[1].axvline(0, color=ORANGE, linewidth=0.8, zorder=0)
    less = "less" if table.lower_is_better else "more"
    panels[1].set_xlabel(f"difference to {to}\n({less} is better; filled: significant)", **style)
  for panel in panels:
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.spines["bottom"].set(color=FAINT, linewidth=0.6)
    panel.tick_params(axis="y", length=0)
    panel.tick_params(axis="x", labelsize=8, color=FAINT, labelcolor=GREY)
    panel.grid(axis="x", color=GRID, linewidth=0.6)
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
  for part in row.parts:
    if lines[-1] and len(lines[-1]) + len(part) > width:
      lines.append("")
    lines[-1] += f", {part}" if lines[-1] else part
  return [line or row.name for line in lines]
