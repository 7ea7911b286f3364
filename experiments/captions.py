"""Does the order in which mechanisms rank on the grammar hold on people's text?

Hypothesis: it does for whole families (none, then those that look by content alone, then those
that know where they have looked), but the distances shrink, as captions are short and their word
order is that of English more often than not. It is wrong if a mechanism that beats additive
attention on the grammar loses to it here.

  python launch.py --config=configs/multi30k.py:en-de --sweep=captions --parallel=2 --workdir=W

trains the eight most telling mechanisms of experiments/attention.py on Multi30k's English-German
captions for 4,000 updates each, with 3 seeds: the paper's decoder at the quickstart's size. They
are selected on val and tested once on test_2016_flickr.

Published: LIUM-CVC's text-only conditional GRU, 39.00 BLEU (lower-cased Moses tokens), which was
trained for longer and is larger. Budget: 24 runs of 10 to 15 minutes of a core. What was found is
in docs/findings.md.
"""

from collections.abc import Iterator
from typing import Any

from experiments.multi30k import columns
from nmt.launching.points import product, seeds

__all__ = ["BASELINE", "columns", "sweep", "sweep_seed", "sweep_size"]

KIND = "model.attention.kind"
BASELINE = {KIND: "additive"}
MECHANISMS = (
  *("none", "additive", "scaled_dot", "local_p"),
  *("conv", "coverage_neural", "structured", "multihead"),
)
SMALL = {
  "model.size": 128,
  "model.embedding": 128,
  "model.readout.size": 128,
  "model.order.kind": "attend_first",
  "model.order.state": "previous",
  "batch.multiple": 8,  # few shapes: each costs seconds of compiling
  "train.updates": 4000,
  "train.optimizer.learning_rate": 3e-3,
  "valid.every": 1000,
  "decode.beam": 4,
}


def sweep() -> Iterator[dict[str, Any]]:
  """The mechanisms."""
  yield from product({KIND: MECHANISMS})


def sweep_size() -> Iterator[dict[str, Any]]:
  """What 15 minutes of a core are enough for."""
  yield {"name": "small", **SMALL}


def sweep_seed() -> Iterator[dict[str, Any]]:
  """Three runs of each."""
  return seeds(3)
