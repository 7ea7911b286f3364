"""Additive attention that knows which share of each word is translated, by its fertility."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float
from ml_collections import ConfigDict

from nmt.models.attention.additive import Attention as Additive
from nmt.models.attention.additive import match_with
from nmt.models.attention.base import Memory
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers
from nmt.models.products import affine
from nmt.options import count, positive
from nmt.refusals import SCORES

OPTIONS = {
  "size": count(1000, "n', width of the layer that compares a state with an annotation"),
  "fertility": positive(2.0, "N, most target words that a source word may stand for"),
}
TRAITS = (SCORES,)

LEAST = -20.0  # of U_f h_j, so that a fertility is no less than N / 5e8 and can be divided by


class Attention(Additive):
  """The linguistic coverage model of Tu et al. (2016), section 3.1.

  Phi_j = N sigmoid(U_f h_j), how many target words the word stands for, from its annotation
  k_ij = sum of alpha_j over the steps before i, divided by Phi_j
  e_ij = v_a^T tanh(W_a s_i + U_a h_j + V_a k_ij + b_a)

  With Phi_j = 1 this would be `additive_coverage`.
  """

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    self.fertility = model.attention.fertility
    self.U_f = nnx.Param(initial.dense((encoder.width, 1)))
    self.V_a = nnx.Param(initial.attention((1, model.attention.size)))

  def remember(self, h_BxJxD: Float[Array, "B J D"], real_BxJ: Bool[Array, "B J"]) -> Memory:
    inside = jnp.maximum(affine(self.product, h_BxJxD, self.U_f[...])[:, :, 0], LEAST)
    fertility = self.fertility * jax.nn.sigmoid(inside)
    return super().remember(h_BxJxD, real_BxJ) | {"fertility": fertility}

  def begin(self, memory: Memory) -> Any:
    return jnp.zeros_like(memory["fertility"])

  def energies(self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any) -> Float[Array, "B J"]:
    query = self.product("bn,na->ba", s_BxN, self.W_a[...])
    k = carry[:, :, None]
    return match_with(self.product, memory["keys"], query, self.v_a[...], k, self.V_a[...])

  def next_carry(
    self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any, alpha_BxJ: Float[Array, "B J"]
  ) -> Any:
    return carry + alpha_BxJ / memory["fertility"]
