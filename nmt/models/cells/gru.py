"""The paper's gated recurrent unit."""

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from nmt.models.cells.base import Cell as Base
from nmt.models.cells.base import ones
from nmt.models.initializers import Initializers, blocks


class Cell(Base):
  """The paper's gated recurrent unit (appendix A.1.1), x being all that comes from outside.

  z  = sigmoid(x_z + U_z s);  r = sigmoid(x_r + U_r s)
  s~ = tanh(x_s + U [r * s])         reset before the product
  s' = (1 - z) * s + z * s~          z opens towards the new state

  W = [W_z W_r W] and U_zr = [U_z U_r] are fused: one product instead of three and two.
  """

  sums = 3  # [z r s~]
  gates = ("z", "r")

  def __init__(self, model: ConfigDict, inputs: int | None, initial: Initializers):
    super().__init__(model, inputs, initial)
    n = self.size
    self.U_zr = nnx.Param(blocks(initial.recurrent, 2)((n, 2 * n)))
    self.U = nnx.Param(initial.recurrent((n, n)))
    self.gain_U_zr = nnx.Param(ones((2 * n,))) if self.layer_norm else None
    self.gain_U = nnx.Param(ones((n,))) if self.layer_norm else None

  def advance(
    self, s_BxN: Float[Array, "B N"], x_Bx3N: Float[Array, "B 3*N"]
  ) -> Float[Array, "B N"]:
    n = self.size
    zr = x_Bx3N[:, : 2 * n] + self.recur(s_BxN, self.U_zr, self.gain_U_zr)
    gates, kept = reset(zr, s_BxN)
    return blend(gates, s_BxN, x_Bx3N[:, 2 * n :] + self.recur(kept, self.U, self.gain_U))


# The gradients of both halves of a step by their formulas, from the gates and s~ alone: taken
# automatically they keep twice as much in every step, and training is a twentieth slower.


@jax.custom_vjp
def reset(
  x_Bx2N: Float[Array, "B G"], s_BxN: Float[Array, "B N"]
) -> tuple[Float[Array, "B 2*N"], Float[Array, "B N"]]:
  """The gates [z r] = sigmoid(x), and r * s."""
  gates = jax.nn.sigmoid(x_Bx2N)
  return gates, gates[:, s_BxN.shape[1] :] * s_BxN


_Gates = Float[Array, "B G"]  # [z r], twice as wide as s
_State = Float[Array, "B N"]
_Pair = tuple[_Gates, _State]
_Three = tuple[_Gates, _State, _State]


def _reset_forward(x: _Gates, s: _State) -> tuple[_Pair, _Pair]:
  gates, kept = reset(x, s)
  return (gates, kept), (gates, s)


def _reset_backward(saved: _Pair, gradients: _Pair) -> _Pair:
  (gates, s), (to_gates, to_kept) = saved, gradients
  n = s.shape[1]
  to_gates = jnp.concatenate([to_gates[:, :n], to_gates[:, n:] + to_kept * s], axis=1)
  return to_gates * gates * (1 - gates), to_kept * gates[:, n:]


reset.defvjp(_reset_forward, _reset_backward)


@jax.custom_vjp
def blend(
  gates_Bx2N: Float[Array, "B G"], s_BxN: Float[Array, "B N"], x_BxN: Float[Array, "B N"]
) -> Float[Array, "B N"]:
  """(1 - z) * s + z * s~, with s~ = tanh(x)."""
  return _blend_forward(gates_Bx2N, s_BxN, x_BxN)[0]


def _blend_forward(gates: _Gates, s: _State, x: _State) -> tuple[_State, _Three]:
  z, candidate = gates[:, : s.shape[1]], jnp.tanh(x)
  return (1 - z) * s + z * candidate, (gates, s, candidate)


def _blend_backward(saved: _Three, gradient: _State) -> _Three:
  gates, s, candidate = saved
  z = gates[:, : s.shape[1]]
  to_gates = jnp.pad(gradient * (candidate - s), ((0, 0), (0, s.shape[1])))
  return to_gates, gradient * (1 - z), gradient * z * (1 - candidate * candidate)


blend.defvjp(_blend_forward, _blend_backward)
