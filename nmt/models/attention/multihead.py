"""Several looks at once, each with a mechanism of its own."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Key
from ml_collections import ConfigDict

from nmt.models.attention.base import Attention as Base
from nmt.models.attention.base import Glance, Memory, find, within
from nmt.models.dropout import split
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers
from nmt.options import count, kind
from nmt.refusals import MIXES, refuses

OPTIONS = {
  "heads": count(4, "H, looks in a step"),
  "energy": kind(
    "additive",
    "the mechanism of each head, with its own parameters; what that uses is inner_energy",
  ),
}
REFUSES = (refuses("model.attention", MIXES, "contexts of several heads are read together"),)


class Attention(Base):
  """c_i = [c_i1 ; .. ; c_iH] of heads that each have their own alpha_ih over the annotations.

  Vaswani et al. (2017), section 3.2.2, for any mechanism whose weights are BxJ, and with whole
  annotations as values: C = [C_1 .. C_H] of the reader takes the place of their W^V and W^O. The
  alpha that is shown is the mean over heads.
  """

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    mechanism = find(model, model.attention.energy)
    count, own = range(model.attention.heads), within(model)
    self.heads = nnx.List([mechanism(own, encoder, initial) for _ in count])
    head = self.heads[0]
    self.random, self.total = head.random, head.total

  @staticmethod
  def width(model: ConfigDict, encoder: Encoder) -> int:
    return int(model.attention.heads * encoder.width)

  def remember(self, h_BxJxD: Float[Array, "B J D"], real_BxJ: Bool[Array, "B J"]) -> Memory:
    return {"h": h_BxJxD, "heads": [head.remember(h_BxJxD, real_BxJ) for head in self.heads]}

  def begin(self, memory: Memory) -> Any:
    return [head.begin(own) for head, own in zip(self.heads, memory["heads"], strict=True)]

  def attend(
    self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any, keys_B: Key[Array, "B"] | None
  ) -> Glance:
    keys = split(keys_B, len(self.heads))
    inputs = zip(self.heads, memory["heads"], carry, keys, strict=True)
    return _together([head.attend(s_BxN, own, carry, key) for head, own, carry, key in inputs])

  def attend_all(
    self, s_TxBxN: Float[Array, "T B N"], memory: Memory, keys_TxB: Key[Array, "T B"] | None
  ) -> Glance:
    if keys_TxB is not None:
      return super().attend_all(s_TxBxN, memory, keys_TxB)
    heads = zip(self.heads, memory["heads"], strict=True)
    return _together([head.attend_all(s_TxBxN, own, None) for head, own in heads])

  def search(self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any) -> Glance:
    inputs = zip(self.heads, memory["heads"], carry, strict=True)
    return _together([head.search(s_BxN, own, carry) for head, own, carry in inputs])

  def project(self, memory: Memory, C_DxG: Float[Array, "HD G"]) -> Float[Array, "B J D"]:
    """The annotations: multiplying each of them by all C_h would cost H times as much."""
    h_BxJxD: Float[Array, "B J D"] = memory["h"]
    return h_BxJxD

  def read(
    self,
    weights: Float[Array, "B H J"],
    values: Float[Array, "B J D"],
    C_DxG: Float[Array, "HD G"],
  ) -> Float[Array, "B G"]:
    c_BxHxD = self.product("bhj,bjd->bhd", weights, values)
    return self.product("bd,dg->bg", c_BxHxD.reshape(c_BxHxD.shape[0], -1), C_DxG)


def _together(heads: list[Glance]) -> Glance:
  weights = jnp.stack([head.weights for head in heads], axis=-2)
  losses, drawn = jax.tree.map(lambda *of: sum(of), *[(head.losses, head.drawn) for head in heads])
  alpha = jnp.stack([head.alpha_BxJ for head in heads], axis=-2).mean(axis=-2)
  return Glance(weights, alpha, [head.carry for head in heads], losses, drawn)
