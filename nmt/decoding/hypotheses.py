"""What a search gives back, and what it asks of a model."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from nmt.data.ids import BOS, PAD, UNK

# step(memory, state_B, y_B) -> (state_B, (logits_BxV, alpha_BxJ)); every leaf leads with B.
Step = Callable[
  [Any, Any, Int[Array, "B"]], tuple[Any, tuple[Float[Array, "B V"], Float[Array, "B J"]]]
]


class Hypotheses(NamedTuple):
  """The N best of each sentence, best first; a missing one has score -inf and length 0.

  Tokens after the end are PAD and alpha there is 0. Lengths count EOS. Log-probabilities are
  natural and the model's own: forbidden tokens are never chosen, but keep their share of the mass.
  """

  tokens_BxNxT: Int[Array, "B N T"]
  length_BxN: Int[Array, "B N"]
  log_probability_BxN: Float[Array, "B N"]
  score_BxN: Float[Array, "B N"]  # what the search compares: see beam.py
  finished_BxN: Bool[Array, "B N"]  # False: cut at the longest length allowed, without EOS
  alpha_BxNxTxJ: Float[Array, "B N T J"] | None


def forbidden(forbid_unk: bool) -> tuple[int, ...]:
  """Tokens that no search may choose: PAD and BOS, and UNK if so wished."""
  return (PAD, BOS, UNK) if forbid_unk else (PAD, BOS)


def penalties(vocabulary: int, tokens: Sequence[int]) -> Float[Array, "V"]:
  """-inf at the given tokens, 0 elsewhere: V."""
  return (
    jnp.zeros(vocabulary, jnp.float32).at[jnp.asarray(tokens, jnp.int32)].set(-jnp.inf, mode="drop")
  )
