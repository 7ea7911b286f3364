"""Do products collapse where attention is wide, and does scaling cure it?

Hypothesis: products of state and annotation, unscaled, vary the more the wider they are, so that
the softmax is nearly one-hot before anything is learnt; divided by the root of the width they do
not, and a sum over tanh with a learnt v hardly. It is wrong if `multiplicative` is as good at 1024
as at 128, or `scaled_dot` falls as it does.

  python launch.py --config=configs/quickstart.py --sweep=width --parallel=2 --workdir=W

trains each mechanism at four widths of attention, the rest of the model as it is, with 3 seeds, and
three of them with smaller steps; ends with a figure. What was found is in docs/findings.md.
What Britz et al. call multiplicative is <W s, U h_j>: that of scaled_dot without its scale, which
a temperature of 1 / sqrt(width) undoes. Luong's dot has no width but the state's, so that it would
be another model at each.

Published: Britz et al. (2017), newstest2013, BLEU at 128, 256, 512 and 1024:
multiplicative 22.03, 22.33, 21.78 and 18.22, additive 22.23, 22.33, 22.47 and 22.10. Budget: 57
runs of 4 minutes each on a core.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from experiments.attention import columns
from nmt.launching.points import seeds

__all__ = ["BASELINE", "columns", "report", "sweep", "sweep_seed"]

KIND = "model.attention.kind"
SIZE = "model.attention.size"
TEMPERATURE = "model.normaliser.temperature"
BASELINE = {KIND: "additive", TEMPERATURE: 1.0}
SLOW = 1e-3  # a quarter of the quickstart's learning rate


def sweep() -> Iterator[dict[str, Any]]:
  """Four mechanisms at each width, three of one width with smaller steps."""
  for width in (128, 256, 512, 1024):
    for kind in ("additive", "additive_normed", "scaled_dot"):
      yield {KIND: kind, SIZE: width}
    yield unscaled(width)
  # Added when products without their scale were seen to fail at any width: are the steps too long?
  for point in ({KIND: "additive", SIZE: 128}, {KIND: "scaled_dot", SIZE: 128}, unscaled(128)):
    yield {**point, "train.optimizer.learning_rate": SLOW}


def unscaled(width: int) -> dict[str, Any]:
  """Products of that width, and what undoes their scale."""
  return {KIND: "scaled_dot", SIZE: width, TEMPERATURE: width**-0.5}


def sweep_seed() -> Iterator[dict[str, Any]]:
  """Three runs of each."""
  return seeds(3)


def report(workdirs: dict[str, Path]) -> None:
  """Draws BLEU over the width, of each mechanism, with a dash for each seed; writes width.png."""
  import numpy as np

  from nmt import config as config_lib
  from nmt.analysis import style
  from nmt.files import read_json

  curves: dict[str, list[tuple[int, list[float]]]] = {}  # width, and BLEU of each split
  for run in workdirs.values():
    config = config_lib.load(run / "config.json")
    if config.train.optimizer.learning_rate == SLOW:
      continue
    model, splits = config.model, config.data.test
    called = model.attention.kind + (", unscaled" if model.normaliser.temperature < 1 else "")
    found = [read_json(run / "test" / f"{split}.json")["bleu"]["score"] for split in splits]
    curves.setdefault(called, []).append((model.attention.size, found))
  drawing, panels = style.panels(len(splits), width=4.2, height=3.2)
  for split, axes in enumerate(panels):
    for (called, points), colour, mark in zip(
      curves.items(), style.COLOURS, style.MARKS, strict=False
    ):
      widths = sorted({width for width, _ in points})
      bleu = [[found[split] for at, found in points if at == width] for width in widths]
      axes.plot(widths, [np.mean(same) for same in bleu], f"{mark}-", color=colour, label=called)
      for width, same in zip(widths, bleu, strict=True):
        axes.plot([width] * len(same), same, "_", color=colour)
    axes.set_xscale("log", base=2)
    axes.set_xticks(widths, map(str, widths))
    axes.minorticks_off()
    style.dress(axes, "width of attention", f"BLEU on {splits[split]}")
    axes.set_ylim(0, 100)
  style.legend(panels[0])
  folder = next(iter(workdirs.values())).parent
  for ending in (".png", ".pdf"):
    style.save(drawing, folder / f"width{ending}")
  print(f"figure: {folder / 'width.png'}")
