"""How figures for print look and are written: colours, axes with units, PNG, PDF or SVG."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nmt.errors import UserError
from nmt.files import replacing

# Okabe and Ito's palette, told apart by the colour-blind; MARKS say the same as the colours.
BLUE, ORANGE, GREEN, PURPLE, AMBER, SKY = COLOURS = (
  *("#0072B2", "#D55E00", "#009E73"),
  *("#CC79A7", "#E69F00", "#56B4E9"),
)
MARKS = ("o", "s", "^", "D", "v", "P")
INK, GREY, FAINT, GRID = "#1a1a1a", "#666666", "#bbbbbb", "#eeeeee"

# By ending, what is left out so that the same figure has the same bytes.
_DATED: dict[str, dict[str, Any]] = {
  ".png": {"Software": None},
  ".pdf": {"CreationDate": None},
  ".svg": {"Date": None},
}
_ABOUT = {".png": "Description", ".pdf": "Subject", ".svg": "Description"}
HELP = "draw it too: a .png, .pdf or .svg"


def check_path(path: str | Path) -> None:
  """Raises UserError unless `path` ends in a format that can be drawn."""
  if Path(path).suffix.lower() not in _DATED:
    raise UserError(f"cannot draw {path}: its name must end in .png, .pdf or .svg")


def save(figure: Figure, path: Path) -> None:
  """Writes a figure, PNG, PDF or SVG, beside and renamed; UserError where that is not possible.

  The file says what it shows (`describe`), for those who can't see it.
  """
  suffix = path.suffix.lower()
  try:
    # Outlines (type 3) in PDF: embedded as type 42, CJK fonts vanish. No dates, no random names.
    options: Any = {"pdf.fonttype": 3, "svg.hashsalt": "nmt"}
    with rc_context(options), replacing(path, "wb") as file:
      picture = io.BytesIO()  # matplotlib goes back and forth, which a pipe can't
      figure.savefig(
        picture,
        format=suffix[1:],
        bbox_inches="tight",
        pad_inches=0.12,
        metadata=_DATED[suffix] | {_ABOUT[suffix]: describe(figure)},
      )
      file.write(picture.getbuffer())
  except OSError as error:
    raise UserError(f"cannot write {path}: {error.strerror or error}") from error


def describe(figure: Figure) -> str:
  """In words: of each panel its title, its axes and its lines; empty where none has a name."""
  texts = []
  for axes in figure.axes:
    title = next((t for where in ("left", "center") if (t := axes.get_title(where))), "")
    over = " by ".join(filter(None, (axes.get_ylabel(), axes.get_xlabel())))
    lines = ", ".join(axes.get_legend_handles_labels()[1])
    head = ": ".join(filter(None, (title, over)))
    texts.append("; ".join(filter(None, (head, lines))))
  return ". ".join(filter(None, texts))


def panels(
  columns: int, rows: int = 1, width: float = 3.4, height: float = 2.6
) -> tuple[Figure, list[Axes]]:
  """A figure of that many panels, each so many inches wide and high, row by row."""
  figure = Figure(
    figsize=(width * columns, height * rows), dpi=160, facecolor="white", layout="constrained"
  )
  return figure, list(figure.subplots(rows, columns, squeeze=False).flat)


def dress(axes: Axes, x: str, y: str, title: str = "") -> None:
  """Gives a panel its labels, which name the units, and the lines that all figures have."""
  style: dict[str, Any] = {"fontsize": 9, "color": INK, "parse_math": False}
  axes.set_xlabel(x, **style)
  axes.set_ylabel(y, **style)
  if title:
    axes.set_title(title, loc="left", **style)
  axes.spines[["top", "right"]].set_visible(False)
  axes.spines[["bottom", "left"]].set(color=FAINT, linewidth=0.6)
  axes.tick_params(labelsize=8, color=FAINT, labelcolor=GREY)
  axes.grid(color=GRID, linewidth=0.6)
  axes.set_axisbelow(True)


def intervals(
  axes: Axes, places: Sequence[float], cells: Sequence[dict[str, Any]], colour: str
) -> None:
  """A vertical line for each {score, low, high}; none where it has no ends."""
  low, high = ([c["score"] if c[end] is None else c[end] for c in cells] for end in ("low", "high"))
  axes.vlines(places, low, high, color=colour, linewidth=1.4)


def legend(axes: Axes) -> None:
  """Names the lines of a panel, if it has more than one with a name."""
  if len(axes.get_legend_handles_labels()[1]) > 1:
    axes.legend(fontsize=8, frameon=False, labelcolor=INK)
