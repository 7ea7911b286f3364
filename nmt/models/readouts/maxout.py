"""The paper's readout: a deep output with maxout."""

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from nmt.models.initializers import Initializers, blocks, zeros
from nmt.models.products import affine
from nmt.models.readouts.base import Readout as Base
from nmt.options import count

OPTIONS = {
  "size": count(500, "l, features of a word; each is the larger one of two"),
}


class Readout(Base):
  """A deep output with maxout (Bahdanau et al., 2015, appendix A.2.2).

  t~_i = U_o s + V_o E y_{i-1} + C_o c_i + b_t     s is the state that the order shows
  t_ik = max(t~_ik, t~_i,k+l)                      the pairs are the two halves of t~

  Which entries pair up is a matter of layout; halves are contiguous, so they cost no shuffling.
  """

  def extend(self, model: ConfigDict, context: int, initial: Initializers) -> int:
    dense, l = blocks(initial.dense, 2), model.readout.size
    self.U_o = nnx.Param(dense((model.size, 2 * l)))
    self.V_o = nnx.Param(dense((model.embedding, 2 * l)))
    self.C_o = nnx.Param(dense((context, 2 * l)))
    self.b_t = nnx.Param(zeros((2 * l,)))
    return int(l)

  def project(self, y: Float[Array, "*rows M"]) -> Float[Array, "*rows G"]:
    """V_o E y + b_t."""
    return affine(self.product, y, self.V_o[...], self.b_t[...])

  def __call__(
    self, s: Float[Array, "#*rows N"], y: Float[Array, "#*rows G"], c: Float[Array, "#*rows G"]
  ) -> Float[Array, "#*rows L"]:
    pair = affine(self.product, s, self.U_o[...]) + y + c
    first, second = jnp.split(pair, 2, axis=-1)
    return jnp.where(first >= second, first, second)  # the gradient goes to one, even in a tie
