"""What larger beams find: search errors, empty translations, BLEU and length by size of the beam.

A search error is a sentence of which a larger beam, of those tried, finds a translation that the
model scores higher (Stahlberg and Byrne, 2019, ask an exact search instead, so this is a lower
bound). The score is the search's: log p / length ** length_penalty; --length-penalty 0 makes it
theirs, log p. Beside it stands of how many sentences the model would rather have no translation:
nothing but the end scores higher than what was found (not with a coverage penalty).
"""

import argparse
from typing import Any

from ml_collections import ConfigDict
from rich.console import Console

from nmt.analysis import style, tables, translated
from nmt.analysis.translated import Sample
from nmt.arguments import positive
from nmt.decoding.forced import force
from nmt.errors import UserError
from nmt.evaluation.search import by_beam
from nmt.evaluation.sufficient import Bleu

_SIZES = "1,2,4,8,16"


def arguments(parser: argparse.ArgumentParser) -> None:
  """The options of this verb."""
  translated.arguments(parser)
  parser.add_argument("--beams", default=_SIZES, help=f"sizes of the beam (default: {_SIZES})")


def run(given: argparse.Namespace) -> dict[str, Any]:
  """Runs the verb as the command line asks for it."""
  if given.beam is not None:
    raise UserError("--beam is one size: give them all with --beams")
  sizes = _sizes(given.beams)
  translated.check_figure(given)
  sample = translated.read(given)
  found = beams(sample, sizes, translated.decode_of(given, sample.run))
  if given.figure:
    draw(given.figure, found)
  return found


def beams(sample: Sample, sizes: list[int], decode: ConfigDict) -> dict[str, Any]:
  """A row for each size, in percent of the sentences."""
  found = {}
  for size in sizes:
    changed = decode.copy_and_resolve_references()
    changed.beam = size
    found[size] = translated.translate(sample, changed, f"beam {size}:")
  empty: list[float | None] = [None] * len(sample.pairs)
  if not decode.coverage_penalty:
    nothing = force(sample.run, [(ids, []) for ids, _ in sample.encoded()], alignments=False)
    empty = [None if one is None else float(one.log_probs_T[0]) for one in nothing]
  bleu = Bleu(sample.references, sample.tokenizer)
  rows = by_beam(found, empty)
  for row in rows:
    sums = bleu.counts(translated.texts(found[row["beam"]])).sum(axis=0)
    row["bleu"] = float(bleu.score(sums))
    row["length"] = 100 * float(sums[0]) / max(int(sums[1]), 1)
  return {
    "split": sample.split,
    "sentences": len(sample.pairs),
    "update": sample.run.update,
    "length_penalty": decode.length_penalty,
    "signature": bleu.signature,
    "rows": rows,
  }


def show(console: Console, found: dict[str, Any]) -> None:
  """Prints a row for each size of the beam."""
  head = f"{found['split']}: {found['sentences']} sentences"
  tables.head(console, f"{head}, length penalty {found['length_penalty']:g}")
  columns = {
    "bleu": "BLEU",
    "length": "length ratio, %",
    "search_errors": "search errors, %",
    "empty": "empty, %",
    "empty_better": "empty scores higher, %",
    "log_probability": "mean log p",
  }
  console.print(
    tables.numbers(
      ["beam", *columns.values()],
      [[str(row["beam"]), *(tables.number(row[key]) for key in columns)] for row in found["rows"]],
    )
  )
  tables.note(console, f"BLEU: {found['signature']}")
  tables.note(console, "search errors: a larger beam of the table finds a higher score")


def draw(path: Any, found: dict[str, Any]) -> None:
  """BLEU and length, and the shares of errors, over the size of the beam."""
  rows = found["rows"]
  sizes = [row["beam"] for row in rows]
  figure, panels = style.panels(3)
  lines = [
    ("BLEU", [("bleu", "BLEU")]),
    ("translation / reference, %", [("length", "length")]),
    (
      "sentences, %",
      [
        ("search_errors", "search error"),
        ("empty", "empty"),
        ("empty_better", "empty scores higher"),
      ],
    ),
  ]
  for panel, (unit, named) in zip(panels, lines, strict=True):
    for (key, label), colour, mark in zip(named, style.COLOURS, style.MARKS, strict=False):
      known = [(row["beam"], row[key]) for row in rows if row[key] is not None]
      if known:
        panel.plot(*zip(*known, strict=True), f"{mark}-", color=colour, markersize=5, label=label)
    panel.set_xscale("log", base=2)
    panel.set_xticks(sizes, map(str, sizes), minor=False)
    panel.minorticks_off()
    style.dress(panel, "hypotheses in the beam", unit)
    style.legend(panel)
  panels[2].set_ylim(0, max(1, panels[2].get_ylim()[1]))
  style.save(figure, path)


def _sizes(text: str) -> list[int]:
  """The sizes that --beams names, smallest first."""
  try:
    return sorted({positive(part.strip()) for part in text.split(",")})
  except argparse.ArgumentTypeError:
    raise UserError(f"--beams {text}: give whole numbers of at least 1, such as {_SIZES}") from None
