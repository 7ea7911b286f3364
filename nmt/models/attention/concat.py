"""Luong's concat attention: one layer over state and annotation side by side."""

from typing import Any

from flax import nnx
from jaxtyping import Array, Bool, Float
from ml_collections import ConfigDict

from nmt.models.attention.additive import match
from nmt.models.attention.base import EnergyAttention, Memory
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers
from nmt.models.products import affine
from nmt.options import count
from nmt.refusals import SCORES

OPTIONS = {
  "size": count(1000, "n', width of the layer that compares a state with an annotation"),
}
TRAITS = (SCORES,)


class Attention(EnergyAttention):
  """e_ij = v_a^T tanh(W_a [s_i ; h_j])   (Luong et al., 2015, section 3.1, "concat").

  W_a starts as one matrix and is kept in two parts, W_a = [W_s W_h], so that W_h h_j is computed
  once a sentence. It differs from `additive` in the bias, which the paper does not have, and in how
  far W_a is from 0 with model.init=glorot.
  """

  many = True

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    size = model.attention.size
    W_a = initial.attention((model.size + encoder.width, size))
    self.W_s = nnx.Param(W_a[: model.size])
    self.W_h = nnx.Param(W_a[model.size :])
    self.v_a = nnx.Param(initial.energy((size,)))

  def remember(self, h_BxJxD: Float[Array, "B J D"], real_BxJ: Bool[Array, "B J"]) -> Memory:
    keys = affine(self.product, h_BxJxD, self.W_h[...])
    return super().remember(h_BxJxD, real_BxJ) | {"keys": keys}

  def energies(
    self, s: Float[Array, "*steps B N"], memory: Memory, carry: Any
  ) -> Float[Array, "*steps B J"]:
    return match(memory["keys"], affine(self.product, s, self.W_s[...]), self.v_a[...])
