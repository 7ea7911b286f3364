"""Looks at all words alike: the mean of the annotations."""

from typing import Any

from jaxtyping import Array, Bool, Float, Key

from nmt.models.attention.base import Attention as Base
from nmt.models.attention.base import Glance, Memory
from nmt.refusals import NOT_ALIGNING, above_0, refuses_values

TRAITS = (NOT_ALIGNING,)
REFUSES = (refuses_values(above_0("decode.coverage_penalty"), "alpha doesn't say what is covered"),)


class Attention(Base):
  """alpha_ij = 1/J over the J real words, so that c_i is the mean of the annotations for every i.

  It has no parameters: what attention is worth beyond the annotations is the distance to it.
  """

  def remember(self, h_BxJxD: Float[Array, "B J D"], real_BxJ: Bool[Array, "B J"]) -> Memory:
    real = real_BxJ.astype(h_BxJxD.dtype)
    words = real.sum(axis=1, keepdims=True).clip(1)
    return {"alpha": real / words, "h": h_BxJxD}

  def attend(
    self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any, keys_B: Key[Array, "B"] | None
  ) -> Glance:
    return Glance(memory["alpha"], memory["alpha"], carry)

  def project(self, memory: Memory, C_DxG: Float[Array, "D G"]) -> Float[Array, "..."]:
    """C c, which is the same in every step."""
    mean_BxD = self.product("bj,bjd->bd", memory["alpha"], memory["h"])
    return self.product("bd,dg->bg", mean_BxD, C_DxG)

  def read(
    self, weights: Float[Array, "B J"], values: Float[Array, "B G"], C_DxG: Float[Array, "D G"]
  ) -> Float[Array, "B G"]:
    return values
