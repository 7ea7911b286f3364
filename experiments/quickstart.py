"""Does a decoder that may look back at the source translate better than one that may not?

Hypothesis: RNNsearch does, on sentences of all lengths and most of all on those longer than any it
was trained on; RNNencdec, the same model without attention, must remember a sentence in one vector.

  python launch.py

trains both at the same size and budget and ends with BLEU by source length, as a table and as a
figure. experiments/lengths.py asks the same with other lengths in training, another decoder and
more seeds.

Published: Table 1 of the paper, newstest2014, all sentences, trained on at most 50 words: RNNencdec
17.82 BLEU, RNNsearch 26.75. Budget: two runs of 3 minutes each on two cores.
"""

from collections.abc import Iterator
from typing import Any

from experiments.lengths import report

__all__ = ["BASELINE", "report", "sweep"]

BASELINE = {"model.attention.kind": "none"}


def sweep() -> Iterator[dict[str, Any]]:
  """RNNsearch, then the same without attention."""
  yield {"name": "rnnsearch", "model.attention.kind": "additive"}
  yield {"name": "rnnencdec", "model.attention.kind": "none"}
