"""Does a vector of fixed length limit what a decoder can translate? The paper's Figure 2.

Hypothesis: RNNencdec, which has one vector for the whole source, loses BLEU as sentences grow, most
of all beyond the lengths it was trained on; RNNsearch, which may look back, does not.

  python launch.py --config=configs/quickstart.py --sweep=experiments/lengths.py

runs both models at the same size and budget and ends with BLEU by source length, over all test
splits together, as a table and as the figure lengths.png.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

Rows = list[dict[str, Any]]  # of nmt.evaluation.scores.by_length: from, to, sentences, bleu


def sweep() -> Iterator[dict[str, Any]]:
  """RNNsearch, then the same without attention."""
  yield {"name": "rnnsearch", "model.attention.kind": "additive"}
  yield {"name": "rnnencdec", "model.attention.kind": "none"}


def report(workdirs: dict[str, Path]) -> None:
  """Prints BLEU by source length side by side and draws it in lengths.png beside the runs."""
  from nmt import config

  curves = {name: by_length(workdir) for name, workdir in workdirs.items()}
  first = next(iter(workdirs.values()))
  data = config.load(first / "config.json").data
  longest = data.grammar.max_words if data.corpus == "grammar" else data.filter.max_words
  table(curves)
  figure(curves, min(longest, data.filter.max_words), first.parent / "lengths.png")
  print(f"figure: {first.parent / 'lengths.png'}")


def by_length(workdir: Path) -> Rows:
  """BLEU of a run by source length, in words between spaces, over all test splits together."""
  from nmt.evaluation import scores

  texts: dict[str, list[str]] = {"source": [], "hypotheses": [], "references": []}
  for split in sorted((workdir / "test").glob("*.source")):
    for kind, lines in texts.items():
      text = split.with_suffix(f".{kind}").read_text(encoding="utf-8")
      lines += text.removesuffix("\n").split("\n")
  lengths = [len(source.split()) for source in texts["source"]]
  return scores.by_length(texts["hypotheses"], texts["references"], lengths)


def table(curves: dict[str, Rows]) -> None:
  """One row for ten words, one column a run."""
  from rich.console import Console
  from rich.table import Table

  shown = Table("source words", title="BLEU by length of the source sentence", title_justify="left")
  for name in ("sentences", *curves):
    shown.add_column(name, justify="right")
  for rows in zip(*curves.values(), strict=True):
    first = rows[0]
    scores = (f"{row['bleu']:.1f}" for row in rows)
    shown.add_row(f"{first['from']}-{first['to']}", str(first["sentences"]), *scores)
  Console().print(shown)


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
