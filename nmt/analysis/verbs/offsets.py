"""How many words before or after the gold links attention looks.

References are forced. For each target word with a sure link, source words are counted by how far
they are from the nearest word that it is linked to, 0 being that word itself and 1 the one after
it: once the word with the heaviest weight, once all weights, of which those of the end of sentence
are left out and the rest add up to 1. Intervals are of 95 %, from resampled sentences; they say
nothing of other seeds.
"""

import argparse
from collections.abc import Iterable
from typing import Any

import numpy as np
from jaxtyping import Float
from rich.console import Console

from nmt.analysis import style, tables, translated
from nmt.analysis.translated import Sample
from nmt.errors import UserError
from nmt.evaluation import alignment, attention
from nmt.evaluation.alignment import Links
from nmt.evaluation.by_length import Measure, interval
from nmt.evaluation.references import linked_words

FARTHEST = 5  # as far and farther are one row
_NAMES = {"heaviest": "heaviest, %", "weight": "weight, %"}


def arguments(parser: argparse.ArgumentParser) -> None:
  """The options of this verb."""
  translated.arguments(parser, search=False)


def run(given: argparse.Namespace) -> dict[str, Any]:
  """Runs the verb as the command line asks for it."""
  translated.check_figure(given)
  found = offsets(translated.read(given))
  if given.figure:
    draw(given.figure, found)
  return found


def offsets(sample: Sample) -> dict[str, Any]:
  """A row for each offset, with the shares of target words and of weight that it has, in percent.

  UserError: the model has no attention, or no sentence has gold links and is short enough.
  """
  attention.check(sample.run)
  linked = [pair for pair in sample.pairs if pair.links]
  words = (linked_words(sample.run, pair) for pair in linked)
  counts = np.array(
    [
      count(one.alpha_TxJ, alignment.parse(pair.links))
      for pair, one in zip(linked, attention.align(sample.run, words), strict=True)
      if one.alpha_TxJ is not None
    ]
  )
  if not counts.size or not counts.sum():
    raise UserError(f"{sample.split}: no sentence of it has gold links and can be forced")
  rows: list[dict[str, Any]] = []
  for place in range(counts.shape[2]):
    row: dict[str, Any] = {"offset": place - FARTHEST}
    for name, table in zip(_NAMES, counts.swapaxes(0, 1), strict=True):
      one = np.stack([table[:, place], table.sum(axis=1)], axis=1)
      row[name] = interval(Measure(one, lambda sums: 100 * sums[..., 0] / sums[..., 1].clip(1e-9)))
    rows.append(row)
  return {
    "split": sample.split,
    "sentences": len(counts),
    "update": sample.run.update,
    "words": round(counts[:, 0].sum()),
    "rows": rows,
  }


def count(alpha_TxJ: Float[np.ndarray, "T J"], gold: Links) -> Float[np.ndarray, "2 offsets"]:
  """Heaviest words (row 0) and weights (row 1) by offset, -FARTHEST .. FARTHEST, of one sentence.

  The last row and column of alpha are the end of sentence. A word between two that are linked is
  after the first.
  """
  found = np.zeros((2, 2 * FARTHEST + 1))
  words_TxJ = alpha_TxJ[:-1, :-1]
  places_J = np.arange(words_TxJ.shape[1])
  for target, sources in _by_target(gold.sure).items():
    if target >= len(words_TxJ) or not words_TxJ[target].any():
      continue
    apart = places_J - np.array(sorted(sources))[:, None]
    nearest_J = np.abs(apart).argmin(axis=0)
    offset_J = apart[nearest_J, places_J].clip(-FARTHEST, FARTHEST) + FARTHEST
    weights_J = words_TxJ[target]
    found[0, offset_J[weights_J.argmax()]] += 1
    np.add.at(found[1], offset_J, weights_J / weights_J.sum())
  return found


def _by_target(links: Iterable[alignment.Link]) -> dict[int, set[int]]:
  found: dict[int, set[int]] = {}
  for source, target in links:
    found.setdefault(target, set()).add(source)
  return found


def show(console: Console, found: dict[str, Any]) -> None:
  """Prints a row for each offset."""
  head = f"{found['split']}: {found['sentences']} sentences, {found['words']:,} words with links"
  tables.head(console, head)
  console.print(
    tables.numbers(
      ["from the link", *_NAMES.values()],
      [
        [named(row["offset"]), *(tables.within(row[name]) for name in _NAMES)]
        for row in found["rows"]
      ],
    )
  )
  tables.note(console, "0: the linked word, 1: the one after; gold links that are sure")
  tables.note(console, "in brackets 95 % intervals of resampled sentences")


def draw(path: Any, found: dict[str, Any]) -> None:
  """Both shares over the offsets, with their intervals."""
  figure, (panel,) = style.panels(1, width=4.6)
  places = [row["offset"] for row in found["rows"]]
  colours = (style.BLUE, style.ORANGE)
  for (name, called), colour in zip(_NAMES.items(), colours, strict=True):
    cells = [row[name] for row in found["rows"]]
    style.intervals(panel, places, cells, colour)
    values = [cell["score"] for cell in cells]
    panel.plot(places, values, "o-", color=colour, markersize=4, label=called.split(",")[0])
  panel.set_xticks(places, [named(place) for place in places])
  style.dress(panel, "source words after the gold link", "% of target words, and of weight")
  style.legend(panel)
  style.save(figure, path)


def named(place: int) -> str:
  """An offset as it is written: the first and the last stand for all that are farther."""
  if abs(place) == FARTHEST:
    return f"{'≤' if place < 0 else '≥'} {place}"
  return str(place)
