"""Dot-product attention: a word matches where its annotation points the way of the state."""

from typing import Any

from jaxtyping import Array, Bool, Float
from ml_collections import ConfigDict

from nmt.errors import UserError
from nmt.models.attention.base import EnergyAttention, Memory
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers


class Attention(EnergyAttention):
  """e_ij = s_i^T h_j, without parameters   (Luong et al., 2015, section 3.1, "dot").

  That asks for annotations as wide as the state, which those of one direction are. An annotation
  of a bidirectional encoder is [h_j forward ; h_j backward], each as wide as the state, and the
  state is compared with both: e_ij = s_i^T h_j forward + s_i^T h_j backward.
  Raises UserError for annotations whose width is no multiple of the state's.
  """

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    if encoder.width % model.size:
      raise UserError(
        f"model.attention.kind=dot compares a state of model.size={model.size} with annotations "
        f"as wide, or a multiple of that, but they are {encoder.width} wide: choose general, "
        "which has a matrix between them"
      )
    self.size = model.size

  def remember(self, h_BxJxD: Float[Array, "B J D"], real_BxJ: Bool[Array, "B J"]) -> Memory:
    keys = h_BxJxD.reshape(*h_BxJxD.shape[:2], -1, self.size).sum(axis=2)
    return super().remember(h_BxJxD, real_BxJ) | {"keys": keys}

  def energies(self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any) -> Float[Array, "B J"]:
    return self.product("bn,bjn->bj", s_BxN, memory["keys"])
