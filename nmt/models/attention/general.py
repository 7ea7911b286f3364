"""Luong's general attention: a dot product with a matrix between state and annotation."""

from typing import Any

from flax import nnx
from jaxtyping import Array, Bool, Float
from ml_collections import ConfigDict

from nmt.models.attention.base import EnergyAttention, Memory
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers
from nmt.models.products import affine
from nmt.refusals import SCORES

TRAITS = (SCORES,)


class Attention(EnergyAttention):
  """e_ij = s_i^T W_a h_j   (Luong et al., 2015, section 3.1, "general")."""

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    self.W_a = nnx.Param(initial.attention((encoder.width, model.size)))

  def remember(self, h_BxJxD: Float[Array, "B J D"], real_BxJ: Bool[Array, "B J"]) -> Memory:
    keys = affine(self.product, h_BxJxD, self.W_a[...])
    return super().remember(h_BxJxD, real_BxJ) | {"keys": keys}

  def energies(self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any) -> Float[Array, "B J"]:
    return self.product("bn,bjn->bj", s_BxN, memory["keys"])
