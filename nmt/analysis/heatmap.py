"""An alignment matrix as a figure: which source words each target word looked at (Figure 3)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from nmt.analysis import fonts
from nmt.analysis.style import check_path, save
from nmt.evaluation.alignment import Links

_CELL = 0.24  # inches of a cell's side: the words beside it are legible at 10 points


def heatmap(
  path: str | Path,
  source: Sequence[str],
  target: Sequence[str],
  alpha_TxJ: np.ndarray,
  gold: Links | None = None,
  title: str = "",
) -> None:
  """Draws alpha_ij, black 0 and white 1: source words j above, target words i to the left.

  Gold links are outlined, sure ones in full and merely possible ones dashed. The figure grows with
  the number of words, so that words stay legible; PNG, PDF or SVG by the path's suffix, written
  beside and renamed. Raises UserError for another suffix or an unwritable path; warns about words
  that no installed font can draw.
  """
  check_path(path)
  T, J = len(target), len(source)
  if alpha_TxJ.shape != (T, J):
    raise ValueError(f"alpha {alpha_TxJ.shape} does not fit {T} target and {J} source words")
  families, (sources, targets, titles) = fonts.choose([source, target, [title]])
  figure = _draw(sources, targets, np.asarray(alpha_TxJ), families, gold, titles[0])
  save(figure, Path(path))


def _draw(
  source: Sequence[str],
  target: Sequence[str],
  alpha_TxJ: np.ndarray,
  families: list[str],
  gold: Links | None,
  title: str,
) -> Figure:
  T, J = alpha_TxJ.shape
  width, height = _CELL * J, _CELL * T
  # The canvas is cropped around what is drawn, so only the matrix needs a place: in inches.
  figure = Figure(figsize=(width + 4, height + 4), dpi=160, facecolor="white")
  axes = figure.add_axes(
    (2 / (width + 4), 2 / (height + 4), width / (width + 4), height / (height + 4))
  )
  image = axes.imshow(
    alpha_TxJ, cmap="gray", vmin=0, vmax=1, aspect="auto", interpolation="nearest"
  )
  style: dict[str, Any] = {
    "fontfamily": families,
    "fontsize": 10,
    "parse_math": False,
    "color": "#1a1a1a",
  }
  axes.set_xticks(range(J), source, rotation=90, **style)
  axes.set_yticks(range(T), target, **style)
  axes.xaxis.tick_top()
  axes.tick_params(length=0, pad=4)
  axes.spines[:].set(color="#bbbbbb", linewidth=0.6)
  if gold is not None:
    for i, j in sorted(gold.possible):
      axes.add_patch(
        Rectangle(
          (i - 0.38, j - 0.38),
          0.76,
          0.76,
          fill=False,
          linewidth=1.1,
          edgecolor="#e8590c",
          linestyle="-" if (i, j) in gold.sure else (0, (1.5, 1.5)),
        )
      )
  bar_axes = figure.add_axes(
    (
      (2 + width + 0.15) / (width + 4),
      (2 + height - min(height, 1.6)) / (height + 4),
      0.09 / (width + 4),
      min(height, 1.6) / (height + 4),
    )
  )
  bar = figure.colorbar(image, cax=bar_axes, ticks=[0, 0.5, 1])
  bar.outline.set(color="#bbbbbb", linewidth=0.6)
  bar_axes.set_yticklabels(["0", ".5", "1"], fontsize=7, color="#666666")
  bar_axes.tick_params(length=0, pad=3)
  if title:
    axes.set_xlabel(title, labelpad=8, **{**style, "color": "#666666"})
    axes.xaxis.set_label_position("bottom")
  return figure
