"""Does a vector of fixed length limit what a decoder can translate? The paper's Figure 2.

Hypothesis: RNNencdec, which has one vector for the whole source, loses BLEU as sentences grow, most
of all beyond the lengths it was trained on; RNNsearch, which may look back, does not. It is wrong
if both curves fall alike.

  python launch.py --config=configs/quickstart.py --sweep=experiments/lengths.py

runs both models at the same size and budget and ends with BLEU by source length, over all test
splits together, as a table and as the figure lengths.png.

Published: Table 1 of the paper, newstest2014, all sentences, trained on at most 50 words: RNNencdec
17.82 BLEU, RNNsearch 26.75. Budget: two runs of 3 minutes each on two cores. A function sweep_seed
would run them with more than one seed: see docs/studies.md.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

BASELINE = {"model.attention.kind": "none"}

Rows = list[dict[str, Any]]  # of nmt.evaluation.scores.by_length: from, to, sentences, bleu


def sweep() -> Iterator[dict[str, Any]]:
  """RNNsearch, then the same without attention."""
  yield {"name": "rnnsearch", "model.attention.kind": "additive"}
  yield {"name": "rnnencdec", "model.attention.kind": "none"}


def report(workdirs: dict[str, Path]) -> None:
  """Prints BLEU by source length side by side and draws it in lengths.png beside the runs."""
  from nmt import config as config_lib

  curves = {name: by_length(workdir) for name, workdir in workdirs.items()}
  first = next(iter(workdirs.values()))
  data = config_lib.load(first / "config.json").data
  longest = data.grammar.max_words if data.corpus == "grammar" else data.filter.max_words
  figure(curves, min(longest, data.filter.max_words), first.parent / "lengths.png")
  table(curves)
  print(f"figure: {first.parent / 'lengths.png'}")


def by_length(workdir: Path) -> Rows:
  """BLEU of a run by source length, in words between spaces, over its config's test splits."""
  from nmt import config as config_lib
  from nmt.evaluation import results, scores
  from nmt.evaluation.bleu import tokenizer

  configured = config_lib.load(workdir / "config.json")
  texts: dict[str, list[str]] = {name: [] for name in results.TEXTS}
  for split in configured.data.test:
    for name, lines in results.texts(workdir / "test", split).items():
      texts[name] += lines
  lengths = [len(source.split()) for source in texts["source"]]
  return scores.by_length(texts["hypotheses"], texts["references"], lengths, tokenizer(configured))


def table(curves: dict[str, Rows]) -> None:
  """One row for ten words, one column a run; a dash where a run has no such sentence."""
  from rich.table import Table

  from nmt.cli import console

  shown = Table("source words", title="BLEU by length of the source sentence", title_justify="left")
  for name in ("sentences", *curves):
    shown.add_column(name, justify="right")
  found = [{(row["from"], row["to"]): row for row in rows} for rows in curves.values()]
  for bucket in sorted({bucket for rows in found for bucket in rows}):
    here = [rows.get(bucket) for rows in found]
    counts = sorted({row["sentences"] for row in here if row})
    scores = (f"{row['bleu']:.1f}" if row else "-" for row in here)
    shown.add_row(f"{bucket[0]}-{bucket[1]}", "/".join(map(str, counts)), *scores)
  console().print(shown)


def figure(curves: dict[str, Rows], longest: int, path: Path) -> None:
  """A curve for each run; right of the dotted line, sentences are longer than any trained on."""
  from matplotlib.figure import Figure

  drawing = Figure(figsize=(6, 3.6), layout="constrained")
  axes = drawing.subplots()
  for (name, rows), style in zip(curves.items(), ("-o", "--s", "-.^", ":d") * 8, strict=False):
    middles = [(row["from"] + row["to"]) / 2 for row in rows]
    axes.plot(middles, [row["bleu"] for row in rows], style, label=name)
  axes.axvline(longest + 0.5, color="gray", linestyle=":")
  axes.annotate(" longest in training", (longest + 0.5, 2), color="gray", fontsize=8)
  axes.set(xlabel="words in the source sentence", ylabel="BLEU", xlim=(0, None), ylim=(0, 102))
  axes.legend(frameon=False)
  axes.spines[["top", "right"]].set_visible(False)
  drawing.savefig(path, dpi=160)
