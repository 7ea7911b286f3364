"""Recurrent cells, split into what can be done for all steps at once and what cannot."""

import jax
import jax.numpy as jnp
from flax import nnx

from nmt.errors import UserError
from nmt.models.initializers import Initializers, blocks, zeros
from nmt.models.products import affine, product


class GRU(nnx.Module):
  """The paper's gated recurrent unit (appendix A.1.1), x being all that is not recurrent.

  z  = sigmoid(x_z + U_z s);  r = sigmoid(x_r + U_r s)
  s~ = tanh(x_s + U [r * s])         reset before the product
  s' = (1 - z) * s + z * s~          z opens towards the new state

  W = [W_z W_r W] and U_zr = [U_z U_r] are fused: one product instead of three and two.
  """

  blocks = 3  # [z r s~], the last axis of x and of everything that is added to it

  def __init__(self, inputs: int | None, size: int, precision: str, start: Initializers):
    """inputs: the width of what `project` takes; None: whoever owns the inputs projects them."""
    self.product = product(precision)
    if inputs is not None:
      self.W = nnx.Param(blocks(start.dense, 3)((inputs, 3 * size)))
    self.b = nnx.Param(zeros((3 * size,)))
    self.U_zr = nnx.Param(blocks(start.recurrent, 2)((size, 2 * size)))
    self.U = nnx.Param(start.recurrent((size, size)))

  def project(self, x: jax.Array) -> jax.Array:
    """x_...xm -> [W_z x, W_r x, W x] + b, of shape ...x3n: for all steps at once."""
    return affine(self.product, x, self.W[...], self.b[...])

  def __call__(self, s_BxN: jax.Array, x_Bx3N: jax.Array) -> jax.Array:
    """The next state from the last one and the projected input."""
    n = s_BxN.shape[1]
    gates = jax.nn.sigmoid(x_Bx3N[:, : 2 * n] + self.product("bn,nm->bm", s_BxN, self.U_zr[...]))
    z, r = gates[:, :n], gates[:, n:]
    candidate = jnp.tanh(x_Bx3N[:, 2 * n :] + self.product("bn,nm->bm", r * s_BxN, self.U[...]))
    return (1 - z) * s_BxN + z * candidate


CELLS = {"gru": GRU}


def find(kind: str) -> type[GRU]:
  """The cell of `model.cell`; raises UserError for an unknown one."""
  if kind not in CELLS:
    raise UserError(f"model.cell={kind!r} is unknown: choose {', '.join(sorted(CELLS))}")
  return CELLS[kind]
