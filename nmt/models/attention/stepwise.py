"""Stepwise monotonic attention: in each step stays at its word or goes on to the next one."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from nmt.models.attention.monotonic import Attention as Monotonic
from nmt.options import amount, kind, real
from nmt.refusals import OTHER_WEIGHTS, SCORES

OPTIONS = {
  "energy": kind("additive", "the mechanism whose energies the probabilities are made of", SCORES),
  "offset": real(
    0.0, lambda x: abs(x) <= 20, "from -20 to 20", "r at the start; the higher, the longer it stays"
  ),
  "noise": amount(1.0, "standard deviation of the noise on energies in training"),
}
TRAITS = (OTHER_WEIGHTS,)


class Attention(Monotonic):
  """The stepwise monotonic attention of He et al. (2019).

  alpha_ij = p_ij alpha_{i-1,j} + (1 - p_{i,j-1}) alpha_{i-1,j-1}

  with p of `monotonic`, and as there yes or no in search, alpha_0 being 1 at the first word. What
  leaves the last word is lost, so alpha sums to at most 1.
  """

  def stops(
    self, p_BxJ: Float[Array, "B J"], before_BxJ: Float[Array, "B J"]
  ) -> Float[Array, "B J"]:
    moves = jnp.pad((1 - p_BxJ[:, :-1]) * before_BxJ[:, :-1], ((0, 0), (1, 0)))
    return p_BxJ * before_BxJ + moves
