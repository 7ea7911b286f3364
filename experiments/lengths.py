"""Does a vector of fixed length limit what a decoder can translate? The paper's Figure 2.

Hypothesis: RNNencdec, which has one vector for the whole source, loses BLEU as sentences grow, most
of all beyond the lengths it was trained on; RNNsearch, which may look back, does not, and neither
does the best decoder found since (configs/best.py). It is wrong if all curves fall alike.

  python launch.py --config=configs/quickstart.py --sweep=lengths --parallel=2 --workdir=W

trains each on at most 15 and on at most 24 words, as the paper did on 30 and 50, with 3 seeds, and
ends with BLEU by source length, over all test splits together, as a table and as lengths.png.

Published: Table 1 of the paper, newstest2014, all sentences, trained on at most 50 words: RNNencdec
17.82 BLEU, RNNsearch 26.75. Budget: 18 runs of 4 minutes each on a core.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nmt.launching.points import seeds

BASELINE = {"model.attention.kind": "none", "model.order.kind": "attend_first"}

Rows = list[dict[str, Any]]  # for ten lengths each: from, to, sentences, bleu, low, high


class Panel(NamedTuple):
  """Curves that are drawn together, by name; longest: the most words of a source in training."""

  longest: int
  curves: dict[str, Rows]
  title: str


def sweep() -> Iterator[dict[str, Any]]:
  """RNNsearch, then the same without attention, then configs/best.py."""
  yield {"name": "rnnsearch", "model.attention.kind": "additive"}
  yield {"name": "rnnencdec", "model.attention.kind": "none"}
  yield {
    "name": "best",
    "model.attention.kind": "conv",
    "model.order.kind": "update_first",
    "model.order.input_feeding": False,
  }


def sweep_longest() -> Iterator[dict[str, Any]]:
  """The longest sentences of training."""
  for words in (15, 24):
    yield {"data.grammar.max_words": words}


def sweep_seed() -> Iterator[dict[str, Any]]:
  """Three runs of each."""
  return seeds(3)


def report(workdirs: dict[str, Path]) -> None:
  """Prints BLEU by source length side by side and draws it in lengths.png beside the runs."""
  groups: dict[tuple[int, str], list[Path]] = {}
  for name, workdir in workdirs.items():
    groups.setdefault((longest(workdir), name.partition(",")[0]), []).append(workdir)
  panels: dict[int, Panel] = {}
  for (words, name), runs in groups.items():
    title = f"trained on at most {words} words"
    panels.setdefault(words, Panel(words, {}, title)).curves[name] = by_length(runs)
  show([panel for _, panel in sorted(panels.items())], next(iter(workdirs.values())).parent)


def show(panels: Sequence[Panel], folder: Path) -> None:
  """Prints a table for each panel, and draws them all in lengths.png and lengths.pdf."""
  figure(panels, folder / "lengths.png")
  for panel in panels:
    table(panel)
  print(f"figure: {folder / 'lengths.png'}")


def longest(workdir: Path) -> int:
  """The most words of a source sentence that the run was trained on."""
  from nmt import config as config_lib

  data = config_lib.load(workdir / "config.json").data
  words = (data.filter.max_words, data.grammar.max_words)
  return int(min(words) if data.corpus == "grammar" else words[0])


def by_length(workdirs: Sequence[Path]) -> Rows:
  """Mean BLEU of runs that differ in the seed, by source length, over their config's test splits.

  low, high: its 95 % interval over seeds and sentences (nmt/evaluation/significance.py).
  """
  import numpy as np

  from nmt import config as config_lib
  from nmt.evaluation import results, significance
  from nmt.evaluation.bleu import tokenizer
  from nmt.evaluation.sufficient import Bleu

  configured = config_lib.load(workdirs[0] / "config.json")
  counts = []
  for workdir in workdirs:
    texts: dict[str, list[str]] = {name: [] for name in results.TEXTS}
    for split in configured.data.test:
      for name, lines in results.texts(workdir / "test", split).items():
        texts[name] += lines
    metric = Bleu(texts["references"], tokenizer(configured))
    counts.append(metric.counts(texts["hypotheses"]))
  tens = np.array([max(0, len(source.split()) - 1) // 10 for source in texts["source"]])
  rows = []
  for ten in np.unique(tens).tolist():
    here = [sentences[tens == ten] for sentences in counts]
    found, low, high = significance.over_runs(metric.score, here, 1000, np.random.default_rng(1))
    rows.append(
      {"from": 10 * ten + 1, "to": 10 * ten + 10, "sentences": len(here[0])}
      | {"bleu": float(found.mean()), "low": float(max(0, low)), "high": float(min(100, high))}
    )
  return rows


def table(panel: Panel) -> None:
  """One row for ten lengths, one column a model; a dash where a model has no such sentence."""
  from rich.table import Table

  from nmt.analysis import tables
  from nmt.cli import console

  tables.head(console(), f"BLEU by words of the source [95 % interval], {panel.title}")
  shown = Table("source words")
  for name in ("sentences", *panel.curves):
    shown.add_column(name, justify="right")
  found = [{(row["from"], row["to"]): row for row in rows} for rows in panel.curves.values()]
  for bucket in sorted({bucket for rows in found for bucket in rows}):
    here = [rows.get(bucket) for rows in found]
    counts = sorted({row["sentences"] for row in here if row})
    scores = (
      rf"{row['bleu']:.1f} \[{row['low']:.1f}, {row['high']:.1f}]" if row else "-" for row in here
    )
    shown.add_row(f"{bucket[0]}-{bucket[1]}", "/".join(map(str, counts)), *scores)
  console().print(shown)


def figure(panels: Sequence[Panel], path: Path) -> None:
  """Of each panel a curve a model, with its interval; dotted: the longest of training."""
  from nmt.analysis import style

  columns = 2 if len(panels) > 3 else len(panels)
  drawing, places = style.panels(columns, -(-len(panels) // columns), width=4.6, height=3.6)
  every = dict.fromkeys(name for panel in panels for name in panel.curves)
  looks = zip(style.COLOURS, style.MARKS, ("-", "--", "-.", ":") * 2, strict=False)
  look = dict(zip(every, looks, strict=False))
  for axes, panel in zip(places, panels, strict=False):
    for name, rows in panel.curves.items():
      colour, mark, line = look[name]
      middles = [(row["from"] + row["to"]) / 2 for row in rows]
      axes.plot(middles, [row["bleu"] for row in rows], line, marker=mark, color=colour, label=name)
      low, high = ([row[end] for row in rows] for end in ("low", "high"))
      axes.fill_between(middles, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.axvline(panel.longest + 0.5, color=style.GREY, linestyle=":")
    style.dress(axes, "words in the source sentence", "BLEU", panel.title)
    axes.set(xlim=(0, None), ylim=(0, 102))
  named = {
    name: handle
    for axes in places
    for handle, name in zip(*axes.get_legend_handles_labels(), strict=True)
  }
  for axes in places[len(panels) :]:
    axes.remove()
  names, handles = list(named), list(named.values())
  drawing.legend(handles, names, loc="outside lower center", ncols=len(names), frameon=False)
  for ending in (".png", ".pdf"):
    style.save(drawing, path.with_suffix(ending))
