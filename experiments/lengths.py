"""Does a vector of fixed length limit what a decoder can translate? The paper's Figure 2.

Hypothesis: RNNencdec, which has one vector for the whole source, loses BLEU as sentences grow, most
of all beyond the lengths it was trained on; RNNsearch, which may look back, does not.

  python launch.py --config=configs/quickstart.py --sweep=experiments/lengths.py

runs both models at the same size and budget and ends with BLEU by source length, as a table and as
the figure lengths.png.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

EDGES = (
  0,
  10,
  20,
  30,
  40,
  50,
  60,
)  # a bucket is (edge, next edge] words of the source; then the rest


def sweep() -> Iterator[dict[str, Any]]:
  """RNNsearch, then the same without attention."""
  yield {"name": "rnnsearch", "model.attention.kind": "additive"}
  yield {"name": "rnnencdec", "model.attention.kind": "none"}


def report(workdirs: dict[str, Path]) -> None:
  """Prints BLEU by source length side by side and draws it in lengths.png beside the runs."""
  curves = {name: by_length(workdir) for name, workdir in workdirs.items()}
  home = next(iter(workdirs.values())).parent
  trained = next(iter(workdirs.values())) / "config.json"
  table(curves)
  figure(curves, longest_trained(json.loads(trained.read_text())), home / "lengths.png")
  print(f"figure: {home / 'lengths.png'}")


def by_length(workdir: Path) -> dict[int, tuple[float, int]]:
  """Lower edge of a bucket -> (BLEU, sentences), over all test splits of a run together."""
  from sacrebleu.metrics import BLEU

  buckets: dict[int, tuple[list[str], list[str]]] = {}
  for sources in sorted((workdir / "test").glob("*.source")):
    texts = [
      sources.with_suffix(kind).read_text(encoding="utf-8").removesuffix("\n").split("\n")
      for kind in (".source", ".hypotheses", ".references")
    ]
    for source, hypothesis, reference in zip(*texts, strict=True):
      words = len(source.split())
      hypotheses, references = buckets.setdefault(max(e for e in EDGES if e < words), ([], []))
      hypotheses.append(hypothesis)
      references.append(reference)
  return {
    edge: (BLEU().corpus_score(buckets[edge][0], [buckets[edge][1]]).score, len(buckets[edge][0]))
    for edge in sorted(buckets)
  }


def longest_trained(config: dict[str, Any]) -> int:
  """Words in the longest source sentence of the training split."""
  data = config["data"]
  longest = data["filter"]["max_words"]
  return min(longest, data["grammar"]["max_words"]) if data["corpus"] == "grammar" else longest


def table(curves: dict[str, dict[int, tuple[float, int]]]) -> None:
  """One row a bucket, one column a run."""
  from rich.console import Console
  from rich.table import Table

  shown = Table("source words", "sentences", title="BLEU by length of the source sentence")
  for name in curves:
    shown.add_column(name, justify="right")
  for edge, (_, count) in next(iter(curves.values())).items():
    scores = [f"{curve[edge][0]:.1f}" for curve in curves.values()]
    shown.add_row(span(edge), str(count), *scores)
  Console().print(shown)


def span(edge: int) -> str:
  """The bucket that begins after `edge`, for a reader."""
  after = [e for e in EDGES if e > edge]
  return f"{edge + 1}-{after[0]}" if after else f"over {edge}"


def figure(curves: dict[str, dict[int, tuple[float, int]]], trained: int, path: Path) -> None:
  """One curve a run; what lies right of the dotted line is longer than anything trained on."""
  from matplotlib.figure import Figure

  drawing = Figure(figsize=(6, 3.6), layout="constrained")
  axes = drawing.subplots()
  for (name, curve), style in zip(curves.items(), ("-o", "--s", "-.^", ":d") * 8, strict=False):
    axes.plot([e + 5 for e in curve], [bleu for bleu, _ in curve.values()], style, label=name)
  axes.axvline(trained, color="gray", linestyle=":")
  axes.annotate(" longest in training", (trained, 2), color="gray", fontsize=8)
  axes.set(xlabel="words in the source sentence", ylabel="BLEU", ylim=(0, 102))
  axes.legend(frameon=False)
  axes.spines[["top", "right"]].set_visible(False)
  drawing.savefig(path, dpi=160)
