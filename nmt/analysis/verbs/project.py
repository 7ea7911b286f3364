"""Word vectors for TensorBoard's projector, and as a figure in their two principal components.

Writes a new folder DIR: vectors.tsv and metadata.tsv of each side, projector_config.pbtxt, which
names them, and vectors.png. tensorboard --logdir DIR shows them under Projector. In the figure the
first words of the vocabulary, which are the most frequent, have their names.
"""

import argparse
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from nmt.analysis import fonts, style
from nmt.analysis import tables as shown
from nmt.analysis.made import vacant
from nmt.analysis.place import HELP, place
from nmt.analysis.vectors import Plane, Table, plane, tables
from nmt.analysis.word_classes import has_parts
from nmt.arguments import positive
from nmt.data.grammar.classes import english
from nmt.files import replacing

LABELS = 60


def arguments(parser: argparse.ArgumentParser) -> None:
  """The options of this verb."""
  add = parser.add_argument
  add("run", metavar="W", help=HELP)
  add("-o", dest="output", metavar="DIR", type=Path, required=True, help="a new folder")
  add("--labels", type=positive, default=LABELS, help=f"words with names (default: {LABELS})")


def run(given: argparse.Namespace) -> dict[str, Any]:
  """Runs the verb as the command line asks for it."""
  vacant(given.output)
  loaded = place(given.run).load()
  known = tables(loaded)
  if loaded.config.model.joint:
    known = {"joint": known["target"]}
  planes = {side: plane(table.vectors_VxM) for side, table in known.items()}
  classes = ["source"] if has_parts(loaded) else []
  write(given.output, known, planes, classes, given.labels)
  sides = {
    side: {"words": len(known[side].words), "variance": list(one.shares)}
    for side, one in planes.items()
  }
  return {"path": given.output, "update": loaded.update, "sides": sides}


def write(
  new: Path,
  known: dict[str, Table],
  planes: dict[str, Plane],
  classes: list[str],
  labels: int = LABELS,
) -> None:
  """Writes the folder whole or not at all. classes: sides whose words have the grammar's."""
  vacant(new)
  beside = new.absolute().with_name(f"{new.name}.unfinished-{os.getpid()}")
  try:
    beside.mkdir()
    parts = []
    for side, table in known.items():
      with replacing(beside / f"{side}_vectors.tsv") as file:
        np.savetxt(file, table.vectors_VxM, fmt="%.7g", delimiter="\t")
      head = ["word", "rank", *(["class"] if side in classes else [])]
      rows = [
        [_plain(word), rank, *([english(word, first=True) or "other"] if side in classes else [])]
        for rank, word in enumerate(table.words, 1)
      ]
      _tsv(beside / f"{side}_metadata.tsv", [head, *rows])
      parts.append(_config(side))
    with replacing(beside / "projector_config.pbtxt") as file:
      file.write("".join(parts))
    draw(beside / "vectors.png", known, planes, labels)
    vacant(new)
    os.rename(beside, new)
  finally:
    shutil.rmtree(beside, ignore_errors=True)


def _tsv(path: Path, rows: list[list[Any]]) -> None:
  with replacing(path) as file:
    file.writelines("\t".join(map(str, row)) + "\n" for row in rows)


def _plain(word: str) -> str:
  """A word without what would end a line or a column; white space alone is written as its code."""
  kept = "".join(one if one.isprintable() else f"<U+{ord(one):04X}>" for one in word)
  return kept if kept.strip() else "".join(f"<U+{ord(one):04X}>" for one in kept)


def _config(side: str) -> str:
  """A part of projector_config.pbtxt; its paths are relative to the folder it is in."""
  return (
    "embeddings {\n"
    f'  tensor_name: "{side} words"\n'
    f'  tensor_path: "{side}_vectors.tsv"\n'
    f'  metadata_path: "{side}_metadata.tsv"\n'
    "}\n"
  )


def show(console: Console, found: dict[str, Any]) -> None:
  """Prints what was written."""
  rows = [
    [side, f"{one['words']:,}", *(f"{100 * share:.1f}" for share in one["variance"])]
    for side, one in found["sides"].items()
  ]
  columns = ["side", "words", "variance of component 1, %", "of component 2, %"]
  console.print(shown.numbers(columns, rows))
  console.print(f"written: {found['path']}", markup=False, highlight=False, soft_wrap=True)


def draw(path: Path, known: dict[str, Table], planes: dict[str, Plane], labels: int) -> None:
  """All words as points, a panel a side; the first ones by name."""
  named = [known[side].words[:labels] for side in known]
  families, named = fonts.choose(named)
  figure, panels = style.panels(len(known), width=5.4, height=5.0)
  for panel, side, words in zip(panels, known, named, strict=True):
    places, shares = planes[side]
    panel.scatter(places[labels:, 0], places[labels:, 1], s=3, color=style.FAINT, linewidths=0)
    panel.scatter(places[:labels, 0], places[:labels, 1], s=6, color=style.BLUE, linewidths=0)
    for word, at in zip(words, places, strict=False):
      panel.annotate(
        word.removeprefix("▁"),
        at,
        xytext=(2, 2),
        textcoords="offset points",
        fontsize=6,
        color=style.INK,
        fontfamily=families,
        parse_math=False,
      )
    x, y = (
      f"component {k}, {100 * share:.1f} % of the variance" for k, share in enumerate(shares, 1)
    )
    style.dress(panel, x, y, f"{side} words")
  style.save(figure, path)
