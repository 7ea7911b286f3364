"""The gated recurrent unit of most libraries: it resets after the product."""

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from nmt.models.cells.base import Cell as Base
from nmt.models.cells.base import ones
from nmt.models.initializers import Initializers, blocks, zeros


class Cell(Base):
  """GRU as in cuDNN ("reset after"; Cho et al., 2014, with the order of one product changed).

  z  = sigmoid(x_z + U_z s);  r = sigmoid(x_r + U_r s)
  s~ = tanh(x_s + r * (U_s s + b_U))
  s' = (1 - z) * s + z * s~          z opens towards the new state: cuDNN's is 1 - z

  U = [U_z U_r U_s] is one product; normalised, b_U is added after the gain.
  """

  sums = 3  # [z r s~]
  gates = ("z", "r")

  def __init__(self, model: ConfigDict, inputs: int | None, initial: Initializers):
    super().__init__(model, inputs, initial)
    n = self.size
    self.U = nnx.Param(blocks(initial.recurrent, 3)((n, 3 * n)))
    self.b_U = nnx.Param(zeros((n,)))
    self.gain_U = nnx.Param(ones((3 * n,))) if self.layer_norm else None

  def advance(
    self, s_BxN: Float[Array, "B N"], x_Bx3N: Float[Array, "B 3*N"]
  ) -> Float[Array, "..."]:
    n = self.size
    recurrent = self.recur(s_BxN, self.U, self.gain_U)
    gates = jax.nn.sigmoid(x_Bx3N[:, : 2 * n] + recurrent[:, : 2 * n])
    z, r = gates[:, :n], gates[:, n:]
    new = jnp.tanh(x_Bx3N[:, 2 * n :] + r * (recurrent[:, 2 * n :] + self.b_U[...][None]))
    return (1 - z) * s_BxN + z * new
