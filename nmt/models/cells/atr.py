"""The addition-subtraction twin-gated unit: two gates of the same two sums."""

import jax
from flax import nnx
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from nmt.models.cells.base import Cell as Base
from nmt.models.cells.base import ones
from nmt.models.initializers import Initializers


class Cell(Base):
  """ATR (Zhang et al., 2018): p = x;  q = U s.

  i  = sigmoid(p + q);  f = sigmoid(p - q)
  s' = i * p + f * s
  """

  sums = 1
  gates = ("i", "f")

  def __init__(self, model: ConfigDict, inputs: int | None, initial: Initializers):
    super().__init__(model, inputs, initial)
    self.U = nnx.Param(initial.recurrent((self.size, self.size)))
    self.gain_U = nnx.Param(ones((self.size,))) if self.layer_norm else None

  def advance(self, s_BxN: Float[Array, "B N"], p_BxN: Float[Array, "B N"]) -> Float[Array, "..."]:
    q_BxN = self.recur(s_BxN, self.U, self.gain_U)
    return jax.nn.sigmoid(p_BxN + q_BxN) * p_BxN + jax.nn.sigmoid(p_BxN - q_BxN) * s_BxN
