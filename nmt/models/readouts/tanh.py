"""A deep output with tanh in the place of the paper's maxout."""

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from nmt.models.initializers import Initializers, zeros
from nmt.models.products import affine
from nmt.models.readouts.base import Readout as Base
from nmt.options import count

OPTIONS = {
  "size": count(500, "l, features of a word"),
}


class Readout(Base):
  """t_i = tanh(U_o s + V_o E y_{i-1} + C_o c_i + b_t), s being the state that the order shows.

  Nematus (Sennrich et al., 2017, section 2).
  """

  def extend(self, model: ConfigDict, context: int, initial: Initializers) -> int:
    l = model.readout.size
    self.U_o = nnx.Param(initial.dense((model.size, l)))
    self.V_o = nnx.Param(initial.dense((model.embedding, l)))
    self.C_o = nnx.Param(initial.dense((context, l)))
    self.b_t = nnx.Param(zeros((l,)))
    return int(l)

  def project(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
    """V_o E y + b_t."""
    return affine(self.product, y, self.V_o[...], self.b_t[...])

  def __call__(
    self, s: Float[Array, "..."], y: Float[Array, "..."], c: Float[Array, "..."]
  ) -> Float[Array, "..."]:
    return jnp.tanh(affine(self.product, s, self.U_o[...]) + y + c)
