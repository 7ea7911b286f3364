"""Which attention mechanism aligns and translates best when nothing else differs?

Hypothesis: on sentences like those of training most content-based mechanisms translate alike, and
what tells them apart is where they look (AER) and what becomes of longer sentences (the column
long): mechanisms that know where they looked before keep both. It is wrong if the order by BLEU on
long is the order by BLEU. Those that can only move forward should fail on French, which puts its
adjectives behind, and be as good as additive attention on French words in English order.

  python launch.py --config=configs/quickstart.py --sweep=attention --parallel=2 --workdir=W

trains each with 3 seeds in the quickstart's size and budget; the monotonic family and additive
attention also on the corpus without reordering. Each is compared with additive attention that had
the same corpus and as many updates. Two differ in more than the mechanism: hard attention is
trained by REINFORCE, as it must be, with two weights of the reward, and latent attention for a
fifth of the updates, in the time that others need for all: beside it stands additive attention
after as few.

Published: Luong et al. (2015), English-German newstest2014, BLEU by score: location 18.1, dot
18.6, general 17.3, local-m general 18.6, local-p dot 18.0, local-p general 19.0; Deng et al.
(2018), IWSLT German-English: soft attention 32.8, latent 33.3, hard by REINFORCE 33.3. Budget:
four hours of two cores.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nmt.launching.points import product, seeds

KIND = "model.attention.kind"
BASELINE = {KIND: "additive", "train.objective.kind": "likelihood"}

CONTENT = ("none", "mean", "additive", "additive_normed", "dot", "scaled_dot", "general", "concat")
PLACE = ("location", "local_m", "local_p", "gmm", "dynamic_conv")
MEMORY = ("conv", "additive_coverage", "coverage_neural", "coverage_linguistic")
OTHER = ("multihead", "structured")
MONOTONIC = ("monotonic", "stepwise", "mocha", "forward")
FEW = 280  # updates


def sweep() -> Iterator[dict[str, Any]]:
  """Every mechanism, then those that only move forward on the corpus in English order."""
  for kind in (*CONTENT, *PLACE, *MEMORY, *OTHER, *MONOTONIC):
    yield {KIND: kind}
  # A reward of weight 1 is the gradient of the bound, whose noise may drown the rest.
  sampled = {KIND: "hard", "train.objective.kind": "reinforce"}
  yield from (sampled, {**sampled, "train.objective.reward": 0.1})
  # It reads out a word for every source word, ten times as slow: a fifth of the updates for both.
  yield from product({KIND: ("latent", "additive")}, [{"train.updates": FEW}])
  yield from product([{"data.grammar.order": "english"}], {KIND: ("additive", *MONOTONIC)})


def sweep_seed() -> Iterator[dict[str, Any]]:
  """Three runs of each."""
  return seeds(3)


def columns(run: Path) -> dict[str, float]:
  """BLEU on sentences of 25 to 60 words, longer than any trained on."""
  from nmt.files import read_json

  return {"long": read_json(run / "test" / "long.json")["bleu"]["score"]}


def report(workdirs: dict[str, Path]) -> None:
  """Draws BLEU on sentences of training's lengths and on longer ones: attention.png and .pdf."""
  from nmt.analysis.results import rows, study
  from nmt.analysis.results.table import Options

  folder = next(iter(workdirs.values())).parent
  tables = {
    split: rows.tabulate(study.read(folder, split), Options("bleu", trials=1))
    for split in ("test", "long")
  }
  figure(tables, folder / "attention.png")
  print(f"figure: {folder / 'attention.png'}")


def figure(tables: dict[str, Any], path: Path) -> None:
  """A line a row of the table by BLEU on long: means and 95 % intervals."""
  from matplotlib.figure import Figure

  from nmt.analysis import style

  found = {
    split: {_short(row.label): row.values for row in table.rows} for split, table in tables.items()
  }
  names = sorted(found["long"], key=lambda name: found["long"][name]["bleu"])
  drawing = Figure(
    figsize=(6.6, 0.2 * len(names) + 1), dpi=160, facecolor="white", layout="constrained"
  )
  axes = drawing.subplots()
  places = range(len(names))
  looks = zip(found, (style.BLUE, style.ORANGE), style.MARKS, (0.12, -0.12), strict=False)
  for split, colour, mark, beside in looks:
    values = [found[split][name] for name in names]
    heights = [place + beside for place in places]
    low, high = (
      [min(100, max(0, row[f"bleu_{end}"])) for row in values] for end in ("low", "high")
    )
    axes.hlines(heights, low, high, color=colour, linewidth=1.2)
    means = [row["bleu"] for row in values]
    axes.plot(means, heights, mark, color=colour, markersize=4, label=f"on {split}")
  axes.set_yticks(places, names)
  axes.tick_params(axis="y", length=0)
  axes.set_ylim(-0.6, len(names) - 0.4)
  style.dress(axes, "BLEU, mean of the seeds and 95 % interval", "")
  axes.legend(loc="center left", fontsize=8, frameon=False, labelcolor=style.INK)
  for ending in (".png", ".pdf"):
    style.save(drawing, path.with_suffix(ending))


def _short(label: dict[str, Any]) -> str:
  """The mechanism, and what else the row differs in."""
  name = str(label[KIND])
  if label.get("data.grammar.order") == "english":
    name += ", English order"
  if label.get("train.updates") == FEW:
    name += f", {FEW} updates"
  if (weight := label.get("train.objective.reward")) is not None:
    name += f", reward {weight:g}"
  return name
