"""Location attention: the state alone says which places to look at, whatever stands there."""

from typing import Any

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float
from ml_collections import ConfigDict

from nmt.models.attention.base import EnergyAttention, Memory
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers
from nmt.models.products import affine
from nmt.options import count
from nmt.refusals import OTHER_WEIGHTS, SCORES

OPTIONS = {
  "longest": count(100, "places that can be looked at, from the first word on"),
}
TRAITS = (SCORES, OTHER_WEIGHTS)


class Attention(EnergyAttention):
  """e_i = W_a s_i, one energy for each place   (Luong et al., 2015, section 3.1, "location").

  W_a has a fixed number of places. As in the paper, a shorter source uses the first of them, and of
  a longer one the words near its end are never looked at: alpha is 0 there.
  """

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    self.longest = model.attention.longest
    self.W_a = nnx.Param(initial.attention((model.size, self.longest)))

  def remember(self, h_BxJxD: Float[Array, "B J D"], real_BxJ: Bool[Array, "B J"]) -> Memory:
    within_J = jnp.arange(real_BxJ.shape[1]) < self.longest
    return super().remember(h_BxJxD, real_BxJ & within_J[None])

  def energies(self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any) -> Float[Array, "B J"]:
    words = memory["real"].shape[1]
    e = affine(self.product, s_BxN, self.W_a[...])[:, :words]
    return jnp.pad(e, ((0, 0), (0, words - e.shape[1])))
