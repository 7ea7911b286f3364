"""What makes an RNNsearch translate captions better, at one size and one budget?

Hypothesis: at 29,000 pairs, each seen 21 times, what shows a sentence in another form each time
(subwords cut anew, words dropped) is worth more than what changes the model. It is wrong if a
second transition of the cell or another attention gains more than either.

  python launch.py --config=configs/multi30k.py:en-de --sweep=recipes --parallel=2 --workdir=W

changes one thing of configs/multi30k.py at a time. All is scored on val, on which checkpoints are
selected as well: this is a search for a recipe, by one seed each, and no finding. Its outcome is
tested by experiments/multi30k.py.

Published: Provilkov et al. (2020, arXiv:1910.13267), subwords cut anew: up to 2.3 BLEU;
Sennrich and Zhang (2019, arXiv:1905.11901) use dropout of words, layer normalisation, deep
transitions and small vocabularies for recurrent models on small data; layer normalisation is left
out, for it lost in experiments/regularisers.py. Budget: 6 runs of 85 minutes of a core.
"""

from collections.abc import Iterator
from typing import Any

from experiments.multi30k import columns

__all__ = ["BASELINE", "columns", "sweep", "sweep_split"]

DROPOUT = "data.tokenizer.dropout"
SIZE = "data.tokenizer.size"
BASELINE = {SIZE: 5000, DROPOUT: 0.0}


def sweep() -> Iterator[dict[str, Any]]:
  """As it is, then one change at a time."""
  yield {SIZE: 5000}
  yield {DROPOUT: 0.1, "data.tokenizer.samples": 21}
  yield {"model.dropout.word": 0.1}
  yield {"model.cell.transitions": 2}
  yield {"model.attention.kind": "conv"}
  yield {SIZE: 2000}


def sweep_split() -> Iterator[dict[str, Any]]:
  """On val alone."""
  yield {"data.test": ("val",)}
