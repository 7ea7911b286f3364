"""What is a softmax's weight on every word worth, and what exact zeros?

Hypothesis: sparse weights are easier to read and link fewer words wrongly (AER), at the same BLEU;
a fertility that runs out (csparsemax) is worth something on sentences longer than those of
training, where words are translated twice. It is wrong if softmax aligns as well, or long sentences
do not gain.

  python launch.py --config=configs/quickstart.py --sweep=normalisers --parallel=2 --workdir=W

trains additive attention with each normaliser, with 3 seeds.

Published: Malaviya et al. (2018) find that constrained sparsemax repeats and drops less than
softmax; Peters et al. (2019) that 1.5-entmax translates about as well. Budget: 12 runs of 3 minutes
each on a core.
"""

from collections.abc import Iterator
from typing import Any

from experiments.attention import columns
from nmt.launching.points import product, seeds

__all__ = ["BASELINE", "columns", "sweep", "sweep_seed"]

KIND = "model.normaliser.kind"
BASELINE = {KIND: "softmax"}


def sweep() -> Iterator[dict[str, Any]]:
  """Every normaliser."""
  return product({KIND: ("softmax", "sparsemax", "entmax15", "csparsemax")})


def sweep_seed() -> Iterator[dict[str, Any]]:
  """Three runs of each."""
  return seeds(3)
