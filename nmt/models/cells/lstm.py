"""Long short-term memory."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from nmt.models.cells.base import Cell as Base
from nmt.models.cells.base import normalise, ones
from nmt.models.initializers import Initializers, blocks, zeros

State = tuple[Float[Array, "B N"], Float[Array, "B N"]]


class Cell(Base):
  """LSTM (Hochreiter and Schmidhuber, 1997) with a forget gate (Gers et al., 2000).

  i = sigmoid(x_i + U_i s);  f = sigmoid(x_f + U_f s);  o = sigmoid(x_o + U_o s)
  m~ = tanh(x_m + U_m s);    m' = f * m + i * m~;      s' = o * tanh(m')

  The state is (s, m): what the model sees, and the memory cell, which starts at 0. The bias of the
  forget gate starts at 1 (Jozefowicz et al., 2015). W and U are fused, as [i f o m~].
  Normalised, s' = o * tanh(LN(m')), LN with gain and bias (Ba et al., 2016, equation 22).
  """

  sums = 4  # [i f o m~]
  gates = ("i", "f", "o")

  def __init__(self, model: ConfigDict, inputs: int | None, initial: Initializers):
    super().__init__(model, inputs, initial)
    n = self.size
    self.b = nnx.Param(np.repeat(np.array([0, 1, 0, 0], np.float32), n))
    self.U = nnx.Param(blocks(initial.recurrent, 4)((n, 4 * n)))
    self.gain_U = nnx.Param(ones((4 * n,))) if self.layer_norm else None
    if self.layer_norm:
      self.gain_m = nnx.Param(ones((n,)))
      self.b_m = nnx.Param(zeros((n,)))

  def start(self, s_BxN: Float[Array, "B N"]) -> State:
    return s_BxN, jnp.zeros_like(s_BxN)

  def output(self, state: State) -> Float[Array, "B N"]:
    return state[0]

  def advance(self, state: State, x_Bx4N: Float[Array, "B 4*N"]) -> State:
    s, m = state
    sums = x_Bx4N + self.recur(s, self.U, self.gain_U)
    i, f, o = jnp.split(jax.nn.sigmoid(sums[:, : 3 * self.size]), 3, axis=1)
    m = f * m + i * jnp.tanh(sums[:, 3 * self.size :])
    shown = m
    if self.layer_norm:
      shown = normalise(m, self.gain_m[...]) + self.b_m[...][None]
    return o * jnp.tanh(shown), m
