"""How good is a recurrent model with attention on Multi30k, when it is trained as well as we can?

Hypothesis: with subwords cut in many ways, dropout, label smoothing and averaged weights one
RNNsearch translates captions as well as a small Transformer. It is wrong if the mean of three seeds
stays below the published ones by more than half of its interval.

  python launch.py --config=configs/multi30k.py --sweep=multi30k --workdir=runs/multi30k

trains configs/multi30k.py from English to German and to French, as it is but for the subwords,
twice as large, that for longer, and from there by minimum risk, which needs this workdir and the
runs that it goes on from (--only='*longer,*' first). A checkpoint is selected on val;
test_2016_flickr is translated once, at the end.

Published, BLEU of lower-cased Moses tokens on test_2016_flickr, text alone: En-De 39.00 (LIUM-CVC's
conditional GRU) and 41.02 (Transformer-tiny), En-Fr 59.02 and 61.80 (as quoted, not read again).
Budget: 24 runs of 3 to 8 minutes each on an H200, six at a time; on a core, small ones take two
hours and large ones eight and more. What was found is in docs/findings.md.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nmt.launching.points import seeds

SMALL = {
  "data.tokenizer.dropout": 0.1,
  "data.tokenizer.samples": 11,
  "train.updates": 10_000,
}
LARGE = {
  **SMALL,
  "model.size": 512,
  "model.embedding": 512,
  "model.readout.size": 512,
  "model.attention.size": 512,
  "model.dropout.state": 0.5,
  "model.dropout.readout": 0.5,
  "train.optimizer.learning_rate": 1e-3,
}
LONGER = {**LARGE, "train.updates": 20_000}
RISK = {
  **LONGER,
  "train.objective.kind": "risk",
  "train.objective.samples": 10,
  "train.updates": 600,
  "train.schedule.warmup": 50,
  "train.optimizer.learning_rate": 1e-4,
  "train.ema": 0.99,
  "valid.every": 100,
  "batch.multiple": 32,  # few shapes: each costs a minute of compiling
}


def sweep() -> Iterator[dict[str, Any]]:
  """To German and to French, by each recipe."""
  recipes = {"small": SMALL, "large": LARGE, "longer": LONGER}
  for target in ("de", "fr"):
    for called, recipe in recipes.items():
      yield {"name": f"{target}_{called}", "data.target": target, **recipe}
    start = f"runs/multi30k/{target}_longer,seed={{seed}}"
    yield {"name": f"{target}_risk", "data.target": target, **RISK, "train.start.run": start}


def sweep_seed() -> Iterator[dict[str, Any]]:
  """Three runs of each."""
  return seeds(3)


def columns(run: Path) -> dict[str, float]:
  """BLEU of lower-cased text: of Moses's tokens, as papers report it, and sacreBLEU's."""
  from nmt import config as config_lib
  from nmt.evaluation import results
  from nmt.evaluation.bleu import bleu, moses_bleu

  data = config_lib.load(run / "config.json").data
  texts = results.texts(run / "test", data.test[0])
  pair = texts["hypotheses"], texts["references"]
  return {
    "lower-cased Moses": moses_bleu(*pair, data.target, lowercase=True)[0],
    "lower-cased 13a": bleu(*pair, lowercase=True)[0],
  }
