"""The paper's gated recurrent unit, its inputs projected for all steps at once."""

import jax
import jax.numpy as jnp
from flax import nnx

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
    zr = x_Bx3N[:, : 2 * n] + self.product("bn,nm->bm", s_BxN, self.U_zr[...])
    gates, kept = reset(zr, s_BxN)
    return blend(gates, s_BxN, x_Bx3N[:, 2 * n :] + self.product("bn,nm->bm", kept, self.U[...]))


# The gradients of both halves of a step by their formulas, from the gates and s~ alone: taken
# automatically they keep twice as much in every step, and training is a twentieth slower.


@jax.custom_vjp
def reset(x_Bx2N: jax.Array, s_BxN: jax.Array) -> tuple[jax.Array, jax.Array]:
  """The gates [z r] = sigmoid(x), and r * s."""
  gates = jax.nn.sigmoid(x_Bx2N)
  return gates, gates[:, s_BxN.shape[1] :] * s_BxN


def _reset_forward(x, s):
  gates, kept = reset(x, s)
  return (gates, kept), (gates, s)


def _reset_backward(saved, slopes):
  (gates, s), (d_gates, d_kept) = saved, slopes
  n = s.shape[1]
  d_gates = jnp.concatenate([d_gates[:, :n], d_gates[:, n:] + d_kept * s], axis=1)
  return d_gates * gates * (1 - gates), d_kept * gates[:, n:]


reset.defvjp(_reset_forward, _reset_backward)


@jax.custom_vjp
def blend(gates_Bx2N: jax.Array, s_BxN: jax.Array, x_BxN: jax.Array) -> jax.Array:
  """(1 - z) * s + z * s~, with s~ = tanh(x)."""
  return _blend_forward(gates_Bx2N, s_BxN, x_BxN)[0]


def _blend_forward(gates, s, x):
  z, candidate = gates[:, : s.shape[1]], jnp.tanh(x)
  return (1 - z) * s + z * candidate, (gates, s, candidate)


def _blend_backward(saved, slope):
  gates, s, candidate = saved
  z = gates[:, : s.shape[1]]
  d_gates = jnp.pad(slope * (candidate - s), ((0, 0), (0, s.shape[1])))
  return d_gates, slope * (1 - z), slope * z * (1 - candidate * candidate)


blend.defvjp(_blend_forward, _blend_backward)
