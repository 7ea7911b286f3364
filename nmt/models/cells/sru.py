"""The simple recurrent unit: no product with a matrix from step to step."""

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from nmt.models.cells.base import Cell as Base
from nmt.models.initializers import Initializers
from nmt.refusals import NO_PRODUCT

TRAITS = (NO_PRODUCT,)

State = tuple[Float[Array, "..."], Float[Array, "..."]]


class Cell(Base):
  """SRU (Lei et al., 2018), with its highway connection.

  f  = sigmoid(x_f + v_f * c);  r = sigmoid(x_r + v_r * c)
  c' = f * c + (1 - f) * x_c;   s' = r * c' + (1 - r) * x_h

  The state is (s, c): what the model sees, and the memory, both of which start from the same s. In
  the paper x_h is the input itself; here, where word and context come together and may be of other
  widths, it is one more sum of them, as in the authors' program for such inputs.
  """

  sums = 4  # [f r c h]
  gates = ("f", "r")

  def __init__(self, model: ConfigDict, inputs: int | None, initial: Initializers):
    super().__init__(model, inputs, initial)
    self.v_f = nnx.Param(initial.energy((self.size,)))
    self.v_r = nnx.Param(initial.energy((self.size,)))

  def start(self, s_BxN: Float[Array, "B N"]) -> State:
    return s_BxN, s_BxN

  def output(self, state: State) -> Float[Array, "..."]:
    return state[0]

  def advance(self, state: State, x_Bx4N: Float[Array, "B G"]) -> State:
    _, c = state
    x_f, x_r, x_c, x_h = jnp.split(x_Bx4N, 4, axis=1)
    f = jax.nn.sigmoid(x_f + self.v_f[...][None] * c)
    r = jax.nn.sigmoid(x_r + self.v_r[...][None] * c)
    c = f * c + (1 - f) * x_c
    return r * c + (1 - r) * x_h, c
