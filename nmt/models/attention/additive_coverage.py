"""Additive attention that knows where it has looked, and a loss on looking there again."""

from typing import Any

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Key
from ml_collections import ConfigDict

from nmt.models.attention.additive import Attention as Additive
from nmt.models.attention.additive import match
from nmt.models.attention.base import Glance, Memory
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers
from nmt.options import amount, count

OPTIONS = {
  "size": count(1000, "n', width of the layer that compares a state with an annotation"),
  "penalty": amount(1.0, "weight of the coverage loss, lambda"),
}


class Attention(Additive):
  """The coverage mechanism of See et al. (2017), section 2.3.

  k_i = sum of alpha over the steps before i                          (equation 10)
  e_ij = v_a^T tanh(W_a s_i + U_a h_j + w_c k_ij + b_a)               (equation 11)
  loss of a step: lambda * sum_j min(alpha_ij, k_ij)                  (equations 12 and 13)
  """

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    self.penalty = model.attention.penalty
    self.w_c = nnx.Param(initial.energy((model.attention.size,)))

  def begin(self, memory: Memory) -> Any:
    return jnp.zeros(memory["real"].shape, memory["keys"].dtype)

  def energies(self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any) -> Float[Array, "B J"]:
    keys = memory["keys"] + carry[:, :, None] * self.w_c[...][None, None]
    return match(keys, self.product("bn,na->ba", s_BxN, self.W_a[...]), self.v_a[...])

  def attend(
    self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any, keys_B: Key[Array, "B"] | None
  ) -> Glance:
    glance = super().attend(s_BxN, memory, carry, keys_B)
    again = self.penalty * jnp.minimum(glance.alpha_BxJ, carry).sum(axis=1)
    return glance._replace(carry=carry + glance.alpha_BxJ, losses={"coverage": again})
