"""The minimal GRU: gates from the input alone."""

import jax
from jaxtyping import Array, Float

from nmt.models.linear import Coefficients, LinearCell
from nmt.refusals import NO_PRODUCT

TRAITS = (NO_PRODUCT,)


class Cell(LinearCell):
  """minGRU (Feng et al., 2024, section 3.1).

  z = sigmoid(x_z);  h~ = x_h;  h' = (1 - z) * h + z * h~
  """

  sums = 2  # [z h~]
  gates = ("z",)

  def coefficients(self, x: Float[Array, "*rows G"]) -> Coefficients:
    z = jax.nn.sigmoid(x[..., : self.size])
    return 1 - z, z * x[..., self.size :]
