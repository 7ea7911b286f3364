"""Scaled dot-product attention: state and annotation meet in a space of its own size."""

import math
from typing import Any

from flax import nnx
from jaxtyping import Array, Bool, Float
from ml_collections import ConfigDict

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
  """e_ij = (W_q s_i)^T (W_k h_j) / sqrt(size)   (Vaswani et al., 2017, section 3.2.1, equation 1).

  There are no biases. The annotations themselves are the values: C of the reader takes the place of
  W^V. With attention.kind=multihead and energy=scaled_dot there are several looks.
  """

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    size = model.attention.size
    self.scale = 1 / math.sqrt(size)
    self.W_q = nnx.Param(initial.attention((model.size, size)))
    self.W_k = nnx.Param(initial.attention((encoder.width, size)))

  def remember(self, h_BxJxD: Float[Array, "B J D"], real_BxJ: Bool[Array, "B J"]) -> Memory:
    keys = affine(self.product, h_BxJxD, self.W_k[...])
    return super().remember(h_BxJxD, real_BxJ) | {"keys": keys}

  def energies(self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any) -> Float[Array, "B J"]:
    query = self.scale * self.product("bn,na->ba", s_BxN, self.W_q[...])
    return self.product("ba,bja->bj", query, memory["keys"])
