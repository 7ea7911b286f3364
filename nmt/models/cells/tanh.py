"""The simple recurrent network, which has no gates."""

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from nmt.models.cells.base import Cell as Base
from nmt.models.cells.base import ones
from nmt.models.initializers import Initializers


class Cell(Base):
  """s' = tanh(x + U s)   (Elman, 1990, "Finding structure in time")."""

  sums = 1

  def __init__(self, model: ConfigDict, inputs: int | None, initial: Initializers):
    super().__init__(model, inputs, initial)
    self.U = nnx.Param(initial.recurrent((self.size, self.size)))
    self.gain_U = nnx.Param(ones((self.size,))) if self.layer_norm else None

  def advance(self, s_BxN: Float[Array, "B N"], x_BxN: Float[Array, "B N"]) -> Float[Array, "..."]:
    return jnp.tanh(x_BxN + self.recur(s_BxN, self.U, self.gain_U))
