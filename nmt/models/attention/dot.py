"""Dot-product attention: a word matches where its annotation points the way of the state."""

from typing import Any

from jaxtyping import Array, Bool, Float
from ml_collections import ConfigDict

from nmt.models.attention.base import EnergyAttention, Memory
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers
from nmt.refusals import SCORES, WORD_WIDE, no_multiple, refuses

TRAITS = (SCORES,)
REFUSES = (
  refuses(
    "model.encoder",
    WORD_WIDE,
    "annotations must be as wide as a state or a multiple of that; general has a matrix between",
    no_multiple("model.embedding", "model.size"),
  ),
)


class Attention(EnergyAttention):
  """e_ij = s_i^T h_j, without parameters   (Luong et al., 2015, section 3.1, "dot").

  That asks for annotations as wide as the state, which those of one direction are. An annotation
  of a bidirectional encoder is [h_j forward ; h_j backward], each as wide as the state, and the
  state is compared with both: e_ij = s_i^T h_j forward + s_i^T h_j backward.
  """

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    self.size = model.size

  def remember(self, h_BxJxD: Float[Array, "B J D"], real_BxJ: Bool[Array, "B J"]) -> Memory:
    keys = h_BxJxD.reshape(*h_BxJxD.shape[:2], -1, self.size).sum(axis=2)
    return super().remember(h_BxJxD, real_BxJ) | {"keys": keys}

  def energies(self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any) -> Float[Array, "B J"]:
    return self.product("bn,bjn->bj", s_BxN, memory["keys"])
