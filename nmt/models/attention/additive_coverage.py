"""Additive attention that knows how much each word has been looked at."""

from typing import Any

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from nmt.models.attention.additive import Attention as Additive
from nmt.models.attention.additive import match_with
from nmt.models.attention.base import Memory
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers
from nmt.options import count
from nmt.refusals import SCORES

OPTIONS = {
  "size": count(1000, "n', width of the layer that compares a state with an annotation"),
}
TRAITS = (SCORES,)


class Attention(Additive):
  """The coverage mechanism of See et al. (2017), section 2.3.

  k_i = sum of alpha over the steps before i                          (equation 10)
  e_ij = v_a^T tanh(W_a s_i + U_a h_j + w_c k_ij + b_a)               (equation 11)

  The coverage loss of the paper is train.objective.coverage.
  """

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    self.w_c = nnx.Param(initial.energy((model.attention.size,)))

  def begin(self, memory: Memory) -> Any:
    return jnp.zeros(memory["real"].shape, memory["keys"].dtype)

  def energies(self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any) -> Float[Array, "B J"]:
    query = self.product("bn,na->ba", s_BxN, self.W_a[...])
    k, w_c = carry[:, :, None], self.w_c[...][None]
    return match_with(self.product, memory["keys"], query, self.v_a[...], k, w_c)

  def next_carry(
    self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any, alpha_BxJ: Float[Array, "B J"]
  ) -> Any:
    return carry + alpha_BxJ
