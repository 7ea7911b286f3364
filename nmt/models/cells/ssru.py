"""The simpler simple recurrent unit."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from nmt.models.linear import Coefficients, LinearCell
from nmt.refusals import NO_PRODUCT

TRAITS = (NO_PRODUCT,)


class Cell(LinearCell):
  """SSRU (Kim et al., 2019): an SRU without its reset gate, and ReLU after it.

  f = sigmoid(x_f);  c' = f * c + (1 - f) * x_c;  s = ReLU(c')

  The state is c. x_c has a bias, which theirs has not.
  """

  sums = 2  # [f c]
  gates = ("f",)

  def coefficients(self, x: Float[Array, "*rows G"]) -> Coefficients:
    f = jax.nn.sigmoid(x[..., : self.size])
    return f, (1 - f) * x[..., self.size :]

  def output(self, state: Float[Array, "*rows N"]) -> Float[Array, "*rows N"]:
    return jnp.maximum(state, 0)
