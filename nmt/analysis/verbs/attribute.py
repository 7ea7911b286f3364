"""Is attention explanation? Alpha beside gradients and occlusion, and how far they agree.

For each word of a reference, or of the model's own translation (--own), and each source word:
alpha; gradient x input (Denil et al., 2014; Shrikumar et al., 2016); integrated gradients from
vectors of 0 (Sundararajan et al., 2017); and occlusion, by how much log p falls where the source
word is left out (Li, Monroe and Jurafsky, 2016; Jain and Wallace, 2019). The last three are in
nats, and negative where a source word speaks against the target word. Integrated gradients sum to
the difference that the source's vectors make to log p; `gap` is how far they miss it, which more
--steps make smaller.

Agreement is Kendall's tau-b between the sizes that two methods give the source words, the mean over
target words, as in Jain and Wallace (2019); whether a low one speaks against attention is disputed
(Wiegreffe and Pinter, 2019): read it beside the agreement of the other methods with each other.
Words are the model's tokens, ends of sentences included.
"""

import argparse
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nmt.analysis import fonts, style, tables, translated
from nmt.analysis.attribution import METHODS, STEPS, Attributed, agreements, attributions, taus
from nmt.analysis.translated import Sample
from nmt.arguments import positive
from nmt.data.ids import EOS
from nmt.data.pair import Pair
from nmt.errors import UserError

SENTENCES = 32
_CELL = 0.26  # inches of a cell's side in the figure


def arguments(parser: argparse.ArgumentParser) -> None:
  """The options of this verb."""
  translated.arguments(parser, sentences=SENTENCES)
  add = parser.add_argument
  add("--own", action="store_true", help="of the model's own translations, not of the references")
  add("--line", type=positive, help="the sentence to show, by its line in the split, from 1")
  add("--word", type=positive, help="one word of its target side alone, by its place, from 1")
  add("--steps", type=positive, default=STEPS, help=f"of integrated gradients (default: {STEPS})")


def run(given: argparse.Namespace) -> dict[str, Any]:
  """Runs the verb as the command line asks for it."""
  translated.check_figure(given)
  sample = translated.read(given)
  line = given.line or sample.lines[0]
  if line not in sample.lines:
    sample = _with_line(sample, line)
  ids = sample.encoded()
  if given.own:
    found = translated.translate(sample, translated.decode_of(given, sample.run))
    own = [[token for token in one.ids if token != EOS] for one in found]
    ids = [(source, ours) for (source, _), ours in zip(ids, own, strict=True)]
  found_of = attribute(sample, ids, sample.lines.index(line), given.steps)
  result = found_of | {"of": "own" if given.own else "reference"}
  _check_word(given.word, result["shown"])
  if given.figure:
    draw(given.figure, result["shown"])
  return result | {"word": given.word}


def attribute(
  sample: Sample, ids: list[tuple[list[int], list[int]]], shown: int = 0, steps: int = STEPS
) -> dict[str, Any]:
  """The agreement over all pairs of ids, and the matrices of one. UserError: that is too long."""
  found = list(attributions(sample.run, ids, steps))
  known = [one for one in found if one is not None]
  one = found[shown]
  if one is None:
    raise UserError(f"line {sample.lines[shown]} is too long to be attributed; choose --line")
  gaps = np.concatenate([pair.gap_T() for pair in known])
  effects = np.concatenate([np.abs(pair.log_probs_T - pair.baseline_T) for pair in known])
  return {
    "split": sample.split,
    "sentences": len(known),
    "update": sample.run.update,
    "steps": steps,
    "gap": {"mean": gaps.mean(), "largest": gaps.max(), "share": gaps.sum() / effects.sum()},
    "agreement": agreements(known),
    "shown": _shown(sample, ids[shown], one) | {"line": sample.lines[shown]},
  }


def _shown(sample: Sample, ids: tuple[list[int], list[int]], one: Attributed) -> dict[str, Any]:
  """One pair as it is printed and drawn."""
  methods = one.methods()
  return {
    "source": [*sample.run.source.pieces(ids[0]), "<end>"],
    "target": [*sample.run.target.pieces(ids[1]), "<end>"],
    "log_probs": one.log_probs_T,
    "gaps": one.gap_T(),
    "methods": methods,
    "tau": {k: taus(one.alpha, x) for k, x in methods.items() if k != "alpha"}
    if one.alpha is not None
    else {},
  }


def _with_line(sample: Sample, line: int) -> Sample:
  """The sample and one sentence more."""
  run, split = sample.run, sample.split
  every = translated.sample(run, split)
  if line > len(every.pairs):
    raise UserError(f"--line {line}: {split} has {len(every.pairs)} sentences")
  pair: Pair = every.pairs[line - 1]
  return sample._replace(pairs=[pair, *sample.pairs], lines=[line, *sample.lines])


def _check_word(word: int | None, shown: dict[str, Any]) -> None:
  if word is not None and word > len(shown["target"]):
    raise UserError(
      f"--word {word}: line {shown['line']} has {len(shown['target'])} words with its end"
    )


def show(console: Console, found: dict[str, Any]) -> None:
  """Prints the agreement, and what each method takes for the source of one sentence's words."""
  what = "references" if found["of"] == "reference" else "own translations"
  head = f"{found['split']}: {what} of {found['sentences']} sentences"
  tables.head(console, head)
  if found["agreement"]:
    console.print(_agreement(found["agreement"]))
  gap = found["gap"]
  tables.note(
    console,
    f"gap of integrated gradients, {found['steps']} steps: mean {gap['mean']:.3g} nats, largest "
    f"{gap['largest']:.3g}, {gap['share']:.1%} of all differences",
  )
  console.print()
  shown = found["shown"]
  tables.head(console, f"line {shown['line']}: {' '.join(shown['source'][:-1])}")
  console.print(_words(shown) if found["word"] is None else _one_word(shown, found["word"] - 1))


def _agreement(rows: list[Any]) -> Table:
  columns = ["methods", "Kendall's tau [95 %]", "same first word, %", "target words"]
  cells = []
  for row in rows:
    tau = {"score": row.tau, "low": row.low, "high": row.high}
    same = None if row.same is None else 100 * row.same
    names = f"{METHODS[row.one]}, {METHODS[row.other]}"
    cells.append([names, tables.within(tau, 3), tables.number(same, 1), f"{row.words:,}"])
  return tables.numbers(columns, cells)


def _words(shown: dict[str, Any]) -> Table:
  """For each target word the source word of largest size by each method."""
  table = Table(box=box.SIMPLE)
  table.add_column("target")
  table.add_column("log p", justify="right")
  for name in shown["methods"]:
    table.add_column(METHODS[name])
  for i, word in enumerate(shown["target"]):
    cells = []
    for matrix in shown["methods"].values():
      j = int(np.abs(matrix[i]).argmax())
      cells.append(f"{shown['source'][j]} {matrix[i, j]:.2f}")
    table.add_row(Text(word), f"{shown['log_probs'][i]:.2f}", *map(Text, cells))
  return table


def _one_word(shown: dict[str, Any], i: int) -> Table:
  """What each method gives each source word, for one target word."""
  target = Text(f"of {shown['target'][i]}")
  table = Table(box=box.SIMPLE, title=target, title_justify="left")
  table.add_column("source")
  for name in shown["methods"]:
    table.add_column(METHODS[name], justify="right")
  for j, word in enumerate(shown["source"]):
    table.add_row(Text(word), *(f"{x[i, j]:.3f}" for x in shown["methods"].values()))
  return table


def draw(path: Any, shown: dict[str, Any]) -> None:
  """The matrices of one pair side by side, each with its own scale; blue speaks for a word."""
  families, (source, target) = fonts.choose([shown["source"], shown["target"]])
  style.save(_draw(source, target, shown["methods"], families), path)


def _draw(
  source: list[str], target: list[str], methods: dict[str, np.ndarray], families: list[str]
) -> Figure:
  width, height = _CELL * len(source) + 0.5, _CELL * len(target) + 0.9
  figure, panels = style.panels(len(methods), width=width, height=height)
  words: dict[str, Any] = {"fontfamily": families, "fontsize": 9, "parse_math": False}
  for k, (panel, (name, matrix)) in enumerate(zip(panels, methods.items(), strict=True)):
    if name == "alpha":
      image = panel.imshow(matrix, cmap="gray_r", vmin=0, vmax=1)
    else:
      most = float(np.abs(matrix).max()) or 1.0
      image = panel.imshow(matrix, cmap="RdBu", vmin=-most, vmax=most)
    panel.set_xticks(range(len(source)), source, rotation=90, color=style.INK, **words)
    panel.set_yticks(range(len(target)), target if k == 0 else [], color=style.INK, **words)
    panel.xaxis.tick_top()
    panel.tick_params(length=0)
    panel.spines[:].set(color=style.FAINT, linewidth=0.6)
    unit = "" if name == "alpha" else ", nats"
    panel.set_xlabel(METHODS[name] + unit, fontsize=9, color=style.INK)
    bar = figure.colorbar(image, ax=panel, shrink=0.8, aspect=25, pad=0.02)
    bar.ax.tick_params(labelsize=7, length=0, labelcolor=style.GREY)
    bar.outline.set(color=style.FAINT, linewidth=0.6)
  return figure
