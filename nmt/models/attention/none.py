"""No attention: RNNencdec, the paper's baseline."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key
from ml_collections import ConfigDict

from nmt.models.attention.base import Attention as Base
from nmt.models.attention.base import Glance, Memory
from nmt.models.encoders.base import Encoder, at
from nmt.models.initializers import Initializers
from nmt.models.products import affine
from nmt.refusals import NO_READER, NOT_ALIGNING, above_0, refuses, refuses_values

TRAITS = (NOT_ALIGNING,)
REFUSES = (
  refuses("model.encoder", NO_READER, "without attention, such a state is the context"),
  refuses_values(above_0("decode.coverage_penalty"), "alpha doesn't say what is covered"),
)


class Attention(Base):
  """c_i = the state that has read the whole sentence, for every i (Cho et al., 2014).

  That is the forward state at the last word, or where else the encoder ends; alpha is 1 there.
  """

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    self.forward_width = encoder.forward_width
    self.place = "first" if encoder.ends_at_first else "last"

  @staticmethod
  def width(model: ConfigDict, encoder: Encoder) -> int:
    return encoder.forward_width

  def remember(self, h_BxJxD: Float[Array, "B J D"], real_BxJ: Bool[Array, "B J"]) -> Memory:
    alpha = at(self.place, real_BxJ).astype(h_BxJxD.dtype)
    forward = h_BxJxD[:, :, : self.forward_width]
    return {"last": jnp.einsum("bj,bjn->bn", alpha, forward), "alpha": alpha}

  def attend(
    self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any, keys_B: Key[Array, "B"] | None
  ) -> Glance:
    return Glance(memory["alpha"], memory["alpha"], carry)

  def project(self, memory: Memory, C_DxG: Float[Array, "D G"]) -> Float[Array, "B G"]:
    return affine(self.product, memory["last"], C_DxG)

  def read(
    self, weights: Float[Array, "B J"], values: Float[Array, "B G"], C_DxG: Float[Array, "D G"]
  ) -> Float[Array, "B G"]:
    return values
