"""What sets runs apart: configs, parameters, representations, scores, and sentences.

The first run is what each of the others is compared with. Of a parameter: change is
norm(B - A) / norm(A), cosine that between A and B, and the effective ranks are those of A, B and
B - A (Roy and Vetterli, 2007). CKA (Kornblith et al., 2019; debiased) says how alike annotations,
decoder states and contexts are, on sentences of the split with their references given: 1 where they
differ by a rotation and a scale alone, about 0 where they are unrelated. Scores are those of
python -m nmt.compare: on the whole split where both runs were tested on it at these checkpoints,
else on the same sentences, translated now.
"""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.text import Text

from nmt.analysis import tables, translated
from nmt.analysis.losses import SENTENCES
from nmt.analysis.place import HELP, Place, Weights, place, weights_of
from nmt.analysis.spectrum import effective_rank, singular_values
from nmt.arguments import positive
from nmt.decoding.trained import Run
from nmt.errors import UserError
from nmt.files import read_json
from nmt.launching.claim import differences


@dataclasses.dataclass(frozen=True)
class Change:
  """One parameter of A and B; ranks are effective ones, None unless it is a matrix.

  change is None where A is 0, cosine where either is.
  """

  name: str
  change: float | None
  cosine: float | None
  rank_a: float | None
  rank_b: float | None
  rank_change: float | None


@dataclasses.dataclass(frozen=True)
class Diff:
  """B compared with A.

  config: a line for each key. unlike: parameters that only one has, or of other shapes, and why.
  cka: by what is compared; None where positions are not the same, which `apart` explains.
  scores: what nmt.analysis.comparison finds; sentences: those that differ most, with the links of
  both translations, source word to target word, and the weights that these were made of.
  """

  a: str
  b: str
  config: list[str]
  parameters: list[Change]
  unlike: dict[str, str]
  cka: dict[str, float] | None = None
  apart: str = ""
  scores: dict[str, Any] | None = None
  sentences: list[dict[str, Any]] = dataclasses.field(default_factory=list)


def arguments(parser: argparse.ArgumentParser) -> None:
  """The options of this verb."""
  add = parser.add_argument
  add("runs", metavar="W", nargs="+", help=f"{HELP}; with --weights also files of nmt.export")
  add("--weights", action="store_true", help="compare configs and parameters alone")
  add("--split", default="", help="of the first run's data (default: its first test split)")
  add(
    "--sentences",
    type=positive,
    default=SENTENCES,
    help=f"of the split, evenly spaced, for CKA and new translations (default: {SENTENCES})",
  )
  add("--show", type=positive, default=3, help="sentences to show each way (default: 3)")
  add(
    "--figure",
    type=Path,
    help="draw their alignments too: F.png gives F-LINE-a.png for A, -b for B; or .pdf, .svg",
  )


def run(given: argparse.Namespace) -> list[Diff]:
  """Runs the verb as the command line asks for it."""
  places = [place(word) for word in given.runs]
  if len(places) < 2:
    raise UserError("there is nothing to compare: name two runs or more")
  if given.figure and (given.weights or len(places) > 2):
    raise UserError("--figure is for the sentences of two runs")
  translated.check_figure(given)
  if given.weights:
    first, *others = ((one.name, one.weights()) for one in places)
    return [weights(*first, *other) for other in others]
  found = [diff(places[0], b, given.split, given.sentences, given.show) for b in places[1:]]
  if given.figure:
    draw(given.figure, found[0])
  return found


def weights(a: str, one: Weights, b: str, other: Weights) -> Diff:
  """The configs and parameters alone."""
  changes, unlike = [], {}
  for name in sorted({*one.arrays, *other.arrays}):
    x, y = one.arrays.get(name), other.arrays.get(name)
    if x is None or y is None:
      unlike[name] = f"only in {b if x is None else a}"
    elif x.shape != y.shape:
      unlike[name] = " and ".join(" x ".join(map(str, z.shape)) for z in (x, y))
    else:
      changes.append(change(name, x, y))
  return Diff(a, b, differences(one.config, other.config), changes, unlike)


def change(name: str, a: np.ndarray, b: np.ndarray) -> Change:
  """How a parameter of A differs from that of B, of the same shape."""
  x, y = a.astype(np.float64), b.astype(np.float64)
  lengths = float(np.linalg.norm(x)), float(np.linalg.norm(y))
  ranks = [effective_rank(singular_values(z)) if z.ndim == 2 else None for z in (x, y, y - x)]
  return Change(
    name,
    float(np.linalg.norm(y - x)) / lengths[0] if lengths[0] else None,
    float(x.ravel() @ y.ravel()) / (lengths[0] * lengths[1]) if all(lengths) else None,
    *ranks,
  )


def diff(a: Place, b: Place, split: str = "", sentences: int = SENTENCES, most: int = 3) -> Diff:
  """All that sets B apart from A. UserError: one can't be loaded, or there is no such split."""
  from nmt.analysis import made

  (_, one), (_, other) = made.named([a, b]).values()
  split = split or next(iter(one.config.data.test), "")
  found = weights(a.name, weights_of(one), b.name, weights_of(other))
  sample = translated.sample(one, split, sentences)
  cka, apart = _cka(one, other, sample)
  scores = _scores(a, one, b, other, split, sample, most)
  shown = _aligned({a.name: one, b.name: other}, scores["sentences_apart"][b.name])
  return dataclasses.replace(found, cka=cka, apart=apart, scores=scores, sentences=shown)


def show(console: Console, found: list[Diff]) -> None:
  """Prints each comparison."""
  for one in found:
    tables.head(console, f"{one.b} compared with {one.a}")
    for line in one.config or ["the same config"]:
      console.print(Text(f"  {line}"), soft_wrap=True)
    console.print(_changes(one))
    for name, why in one.unlike.items():
      tables.note(console, f"{name}: {why}")
    if one.cka is not None:
      values = ", ".join(f"{name} {value:.3f}" for name, value in one.cka.items())
      tables.head(console, f"CKA: {values or one.apart}")
      if values and one.apart:
        tables.note(console, one.apart)
    if one.scores is not None:
      from nmt.analysis import comparison_tables

      comparison_tables.show_scores(console, one.scores)
      if one.sentences:
        tables.head(console, "sentences that differ most, by chrF, and source/target links")
      for row in one.sentences:
        _sentence(console, row)


def draw(path: Path, one: Diff) -> None:
  """Draws where each run looked while it was given its own translation, a file each."""
  from nmt.analysis.heatmap import heatmap

  for row in one.sentences:
    for letter, name in (("a", one.a), ("b", one.b)):
      alpha_TxJ = row["alpha"].get(name)
      if alpha_TxJ is not None:
        words = row["words"][name]
        where = path.with_stem(f"{path.stem}-{row['line']}-{letter}")
        sides = [*words["source"], "<end>"], [*words["target"], "<end>"]
        heatmap(where, sides[0], sides[1], alpha_TxJ, title=name)


def _cka(one: Run, other: Run, sample: Any) -> tuple[dict[str, float], str]:
  """CKA by what is compared, and why the rest is not."""
  from nmt.analysis.activations import positions
  from nmt.analysis.similarity import cka

  both = sample.encoded(), sample._replace(run=other).encoded()
  lengths = [[tuple(map(len, pair)) for pair in ids] for ids in both]
  same = [[pair[side] for pair in lengths[0]] == [pair[side] for pair in lengths[1]]
          for side in (0, 1)]  # fmt: skip
  found: dict[str, float] = {}
  if any(same):
    x, y = positions(one, both[0]), positions(other, both[1])
    if same[0]:
      found["annotations"] = cka(x.h_NxD, y.h_NxD)
    if same[1]:
      found |= {"states": cka(x.s_MxN, y.s_MxN), "contexts": cka(x.c_MxG, y.c_MxG)}
  cut = [side for side, alike in zip(("source", "target"), same, strict=True) if not alike]
  return found, f"the two cut the {' and the '.join(cut)} into other tokens" if cut else ""


def _scores(
  a: Place, one: Run, b: Place, other: Run, split: str, sample: Any, most: int
) -> dict[str, Any]:
  """What nmt.analysis.comparison finds."""
  from nmt.analysis.comparison import Task, compare

  mine, theirs = _stored(a, one, split), _stored(b, other, split)
  keys = "source", "references"
  if mine and theirs and all(mine[key] == theirs[key] for key in keys):
    sources, references = (mine[key] for key in keys)
    lines = list(range(1, len(sources) + 1))
    systems = {a.name: mine["hypotheses"], b.name: theirs["hypotheses"]}
  else:
    sources, references, lines = sample.sources, sample.references, sample.lines
    systems = {
      place.name: translated.texts(
        translated.translate(sample._replace(run=run), run.config.decode, place.name)
      )
      for place, run in ((a, one), (b, other))
    }
  task = Task(sources, references, sample.tokenizer)
  found = compare(task, systems, None, most)
  for row in found["sentences_apart"][b.name]:
    row["line"] = lines[row["line"] - 1]
  return found


def _stored(one: Place, run: Run, split: str) -> dict[str, list[str]] | None:
  """The texts of a test at this very checkpoint, with the run's own settings; None without one."""
  from nmt.evaluation import results

  path = one.home.test / f"{results.stem(split)}.json"
  if not path.exists() or read_json(path).get("update") != run.update:
    return None
  return results.texts(one.home.test, split)


def _aligned(runs: dict[str, Run], rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
  """The rows with the words and links (Pharaoh format) of each translation, where there are any."""
  from nmt.evaluation import alignment, attention

  found = [{**row, "words": {}, "links": {}, "alpha": {}} for row in rows]
  for name, run in runs.items():
    if not run.aligns:
      continue
    words = [
      (run.source.words(row["source"]), run.target.words(row["translations"][name])) for row in rows
    ]
    for row, pair in zip(found, attention.align(run, words), strict=True):
      links = [] if pair.alpha_TxJ is None else attention.links(pair.alpha_TxJ)
      row["words"][name] = {"source": pair.source, "target": pair.target}
      row["links"][name] = alignment.show(links)
      row["alpha"][name] = pair.alpha_TxJ
  return found


def _changes(one: Diff) -> Any:
  columns = ("change", "cosine", "rank A", "rank B", "rank B - A")
  cells = [
    (tables.number(x.change, 3), tables.number(x.cosine, 3),
     *(tables.number(rank, 1) for rank in (x.rank_a, x.rank_b, x.rank_change)))
    for x in one.parameters
  ]  # fmt: skip
  table = tables.numbers(["parameter", *columns], [])
  table.columns[0].justify = "left"
  for x, row in zip(one.parameters, cells, strict=True):
    table.add_row(x.name, *row)
  return table


def _sentence(console: Console, row: dict[str, Any]) -> None:
  """A sentence with its reference, both translations, and the links of each."""
  tables.note(console, f"line {row['line']}")
  named = [(side, row[side]) for side in ("source", "reference")]
  for name, text in row["translations"].items():
    named.append((name, f"{text} (chrF {row['sentence_chrf'][name]:.0f})"))
    if links := row["links"].get(name):
      words = row["words"][name]
      pairs = [tuple(map(int, link.split("-"))) for link in links.split()]
      shown = " ".join(f"{words['source'][i]}/{words['target'][j]}" for i, j in pairs)
      named.append((f"links of {name}", shown))
  tables.texts(console, named)
