"""The minimal gated unit: a GRU with one gate."""

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from nmt.models.cells.base import Cell as Base
from nmt.models.cells.base import ones
from nmt.models.initializers import Initializers


class Cell(Base):
  """MGU (Zhou et al., 2016, "Minimal gated unit for recurrent neural networks").

  f  = sigmoid(x_f + U_f s);  s~ = tanh(x_s + U [f * s])
  s' = (1 - f) * s + f * s~
  """

  sums = 2  # [f s~]
  gates = ("f",)

  def __init__(self, model: ConfigDict, inputs: int | None, initial: Initializers):
    super().__init__(model, inputs, initial)
    n = self.size
    self.U_f = nnx.Param(initial.recurrent((n, n)))
    self.U = nnx.Param(initial.recurrent((n, n)))
    self.gain_U_f = nnx.Param(ones((n,))) if self.layer_norm else None
    self.gain_U = nnx.Param(ones((n,))) if self.layer_norm else None

  def advance(
    self, s_BxN: Float[Array, "B N"], x_Bx2N: Float[Array, "B 2*N"]
  ) -> Float[Array, "..."]:
    n = self.size
    f = jax.nn.sigmoid(x_Bx2N[:, :n] + self.recur(s_BxN, self.U_f, self.gain_U_f))
    new = jnp.tanh(x_Bx2N[:, n:] + self.recur(f * s_BxN, self.U, self.gain_U))
    return (1 - f) * s_BxN + f * new
