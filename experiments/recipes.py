"""What makes an RNNsearch translate captions better, at one budget?

Hypothesis: at 29,000 pairs, each seen 22 times, what shows a sentence in another form each time
(subwords cut anew, words dropped) is worth more than what changes the model. It is wrong if a
larger model, a second transition of the cell or another attention gains more than either.

  python launch.py --config=configs/multi30k.py:en-de --sweep=recipes --workdir=W

changes configs/multi30k.py by one thing, or by subwords cut anew and one thing more. All is scored
on val, on which checkpoints are selected as well: this is a search for a recipe, by one seed each,
and no finding. Its outcome is tested by experiments/multi30k.py.

Published: Provilkov et al. (2020, arXiv:1910.13267), subwords cut anew: up to 2.3 BLEU;
Sennrich and Zhang (2019, arXiv:1905.11901) use dropout of words, layer normalisation, deep
transitions and small vocabularies for recurrent models on small data; layer normalisation is left
out, for it lost in experiments/regularisers.py. Budget: 15 runs of two hours of a core, the large
one of eight; or of 4 minutes each on an H200.
"""

from collections.abc import Iterator
from typing import Any

from experiments.multi30k import ANEW, LARGE, SHORT, columns

__all__ = ["BASELINE", "columns", "sweep", "sweep_split"]

SIZE = "data.tokenizer.size"
WORD = {"model.dropout.word": 0.1}
BASELINE = {SIZE: 5000, "data.tokenizer.dropout": 0.0}


def sweep() -> Iterator[dict[str, Any]]:
  """As it is, then changes."""
  yield {SIZE: 5000}
  yield {**ANEW}
  yield {**WORD}
  more = (
    WORD,
    {"model.cell.transitions": 2},
    {"model.attention.kind": "conv"},
    {"model.attention.kind": "multihead"},
    {SIZE: 2000},
    {SIZE: 10_000},
    {"train.optimizer.name": "adamw", "train.optimizer.weight_decay": 0.1},
    {"model.joint": True},
    {"model.dropout.one_mask": True},
    {"model.cell.kind": "lstm"},
    {"model.cell.layers": 2, "model.cell.residual": True, "model.dropout.layer": 0.3},
    LARGE,
  )
  for change in more:
    yield {**ANEW, **change}


def sweep_split() -> Iterator[dict[str, Any]]:
  """On val alone."""
  yield {"data.test": ("val",), **SHORT}
