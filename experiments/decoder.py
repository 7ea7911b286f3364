"""What must a decoder's step look like: who comes first, what is fed back, what is read out?

Hypothesis: what tells decoders apart is whether attention has seen the last word when it looks,
which is worth more in AER than in BLEU; the state that the readout sees, the one that decoding
starts from, and the layer before the vocabulary matter little. It is wrong if one of the latter
moves BLEU by more than an order does.

  python launch.py --config=configs/quickstart.py --sweep=decoder --parallel=2 --workdir=W

changes the paper's decoder at one place each time, with 3 seeds, and compares each row with it.

Published: Luong et al. (2015, Table 1), newstest2014: input feeding is worth 1.3 BLEU (16.8, 18.1).
Budget: 42 runs of 3 minutes each on a core, and 9 of 6 minutes.
"""

from collections.abc import Iterator
from typing import Any

from experiments.attention import columns
from nmt.launching.points import product, seeds

__all__ = ["BASELINE", "columns", "sweep", "sweep_seed"]

ORDER = "model.order.kind"
STATE = "model.order.state"
GATE = "model.order.gate"
INITIAL = "model.initial"
READOUT = "model.readout.kind"
BASELINE = {
  ORDER: "attend_first",
  STATE: "previous",
  GATE: "none",
  INITIAL: "summary",
  READOUT: "maxout",
}


def sweep() -> Iterator[dict[str, Any]]:
  """The paper's decoder, then what differs from it."""
  yield {ORDER: "attend_first"}
  yield {STATE: "current"}
  yield from product({ORDER: ("conditional",), STATE: ("previous", "current")})
  yield from product({ORDER: ("update_first",), "model.order.input_feeding": (True, False)})
  yield from product({GATE: ("source", "target", "both")})
  yield from product({INITIAL: ("last", "mean", "zero")})
  yield {READOUT: "tanh"}
  # Its words' scores are linear in the state, which must have seen the context.
  linear = {READOUT: "linear", STATE: "current"}
  yield linear
  # Added when these two were seen to lose: do they learn slower, or less?
  for readout in ({READOUT: "maxout"}, {READOUT: "tanh"}, linear):
    yield {**readout, "train.updates": 2800}


def sweep_seed() -> Iterator[dict[str, Any]]:
  """Three runs of each."""
  return seeds(3)
