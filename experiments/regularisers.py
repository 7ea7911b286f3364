"""Which regularisers help a small RNNsearch that sees its few pairs again and again?

Hypothesis: on 4,000 pairs, each seen 17 times, dropout of annotations and of word vectors is worth
the most, label smoothing and zoneout less, and weight decay nothing; together they help more than
the best alone. It is wrong if one alone is as good as all.

  python launch.py --config=configs/quickstart.py --sweep=regularisers --parallel=2 --workdir=W

trains a model without any, then with one at a time, then with several, with 3 seeds each. Layer
normalisation is among them, as it is in the recipes of the literature, and so is the average of
weights, which all other rows have.

Published: Sennrich and Zhang (2019, arXiv:1905.11901) find dropout, among others, to be what makes
recurrent models work on few data, and dropout of whole words too. Budget: 39 runs of 3 to 4 minutes
each on a core.
"""

from collections.abc import Iterator
from typing import Any

from experiments.attention import columns
from nmt.launching.points import seeds

__all__ = ["BASELINE", "columns", "sweep", "sweep_pairs", "sweep_seed"]

STATE = "model.dropout.state"
EMBEDDING = "model.dropout.embedding"
READOUT = "model.dropout.readout"
SMOOTHING = "train.objective.label_smoothing"
PAIRS = {"data.grammar.train": 4000}  # few enough for a model of this size to learn them by heart
BASELINE = {STATE: 0.0, **PAIRS}


def sweep() -> Iterator[dict[str, Any]]:
  """None, then one at a time, then several."""
  yield {STATE: 0.0}
  alone = (
    {STATE: 0.2},
    {EMBEDDING: 0.2},
    {READOUT: 0.2},
    {EMBEDDING: 0.2, "model.dropout.one_mask": True},
    {"model.dropout.word": 0.1},
    {"model.cell.zoneout": 0.1},
    {"model.cell.layer_norm": True},
    {SMOOTHING: 0.1},
    {"train.optimizer.name": "adamw", "train.optimizer.weight_decay": 0.1},
    {"train.ema": 0.0},
  )
  for change in alone:
    yield {STATE: 0.0, **change}
  dropout = {STATE: 0.2, EMBEDDING: 0.2, READOUT: 0.2}
  yield dropout
  yield {**dropout, SMOOTHING: 0.1}


def sweep_pairs() -> Iterator[dict[str, Any]]:
  """Few pairs."""
  yield PAIRS


def sweep_seed() -> Iterator[dict[str, Any]]:
  """Three runs of each."""
  return seeds(3)
