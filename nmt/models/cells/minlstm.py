"""The minimal LSTM: gates from the input alone."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from nmt.models.linear import Coefficients, LinearCell
from nmt.refusals import NO_PRODUCT

TRAITS = (NO_PRODUCT,)


class Cell(LinearCell):
  """minLSTM (Feng et al., 2024, section 3.2), with the gates normalised to a sum of 1.

  f = sigmoid(x_f);  i = sigmoid(x_i);  h~ = x_h
  h' = f / (f + i) * h + i / (f + i) * h~
  """

  sums = 3  # [f i h~]
  gates = ("f / (f + i)",)

  def coefficients(self, x: Float[Array, "*rows G"]) -> Coefficients:
    f, i, new = jnp.split(x, 3, axis=-1)
    # f / (f + i) = sigmoid(log f - log i), which neither over- nor underflows.
    keep = jax.nn.sigmoid(jax.nn.log_sigmoid(f) - jax.nn.log_sigmoid(i))
    return keep, (1 - keep) * new
