"""The real-gated linear recurrent unit of Griffin, with its short convolution."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Bool, Float
from ml_collections import ConfigDict

from nmt.models.cells.base import SCOPE, along
from nmt.models.initializers import Initializers, blocks, zeros
from nmt.models.linear import Coefficients, LinearCell, linear_scan
from nmt.models.products import affine
from nmt.options import real
from nmt.refusals import NO_PRODUCT, above_0, refuses_values

OPTIONS = {
  "least_a": real(
    0.9,
    lambda x: 0 < x < 0.999,
    "above 0 and below 0.999",
    "least a, where r = 1, that training starts from; the largest is 0.999",
  ),
}
TRAITS = (NO_PRODUCT,)
REFUSES = (
  refuses_values(above_0("model.cell.zoneout"), "its state also holds the inputs of three steps"),
)

WIDTH = 4  # of the convolution: this step and the three before it
SHARPNESS = 8.0  # c
State = tuple[Float[Array, "B N"], Float[Array, "B K N"]]


class Cell(LinearCell):
  """RG-LRU (De et al., 2024, section 2.4, equations 1 to 4), after a convolution over time.

  u_t = sum_k w_k * x_{t-k} + b_w              k = 0 .. 3; each column by itself
  r = sigmoid(W_r u + b_r);  i = sigmoid(W_i u + b_i)
  log a = -8 softplus(L) * r;  h' = a * h + sqrt(1 - a^2) * (i * u)

  The state is h and the last three x. L starts so that where r = 1 a is evenly spaced from
  model.cell.least_a to 0.999: from 0.9, as in Griffin, a memory of ten to a thousand steps.
  The convolution starts as the identity. The gates' matrices are whole, where Griffin's are
  block-diagonal.
  """

  sums = 1
  gates = ("r", "i")

  def __init__(self, model: ConfigDict, inputs: int | None, initial: Initializers):
    super().__init__(model, inputs, initial)
    n = self.size
    self.w = nnx.Param(np.repeat(np.eye(WIDTH, 1, dtype=np.float32), n, axis=1))
    self.b_w = nnx.Param(zeros((n,)))
    self.W_ri = nnx.Param(blocks(initial.dense, 2)((n, 2 * n)))
    self.b_ri = nnx.Param(zeros((2 * n,)))
    a = np.linspace(model.cell.least_a, 0.999, n)
    self.L = nnx.Param(np.log(np.expm1(-np.log(a) / SHARPNESS)).astype(np.float32))

  def start(self, s_BxN: Float[Array, "B N"]) -> State:
    return s_BxN, jnp.zeros((s_BxN.shape[0], WIDTH - 1, self.size), s_BxN.dtype)

  def output(self, state: State) -> Float[Array, "B N"]:
    return state[0]

  def coefficients(self, u: Float[Array, "*rows N"]) -> Coefficients:
    gates = jax.nn.sigmoid(affine(self.product, u, self.W_ri[...], self.b_ri[...]))
    r, i = jnp.split(gates, 2, axis=-1)
    log_a = -SHARPNESS * jax.nn.softplus(along(self.L[...], u)) * r
    # 1 - a^2, without losing the digits of an a near 1.
    return jnp.exp(log_a), jnp.sqrt(-jnp.expm1(2 * log_a)) * i * u

  def advance(self, state: State, x_BxN: Float[Array, "B N"]) -> State:
    h, past_BxKxN = state
    seen = jnp.concatenate([past_BxKxN, x_BxN[:, None]], axis=1)
    u = (seen * self.w[...][None, ::-1]).sum(axis=1) + self.b_w[...][None]
    a, b = self.coefficients(u)
    return a * h + b, seen[:, 1:]

  def run(
    self,
    state: State,
    x_TxBxG: Float[Array, "T B G"],
    real_TxB: Bool[Array, "T B"],
    reverse: bool = False,
  ) -> tuple[Float[Array, "T B N"], State]:
    h, past_BxKxN = state
    real = real_TxB[:, :, None]
    x = jnp.where(real, self.outside(x_TxBxG), 0)
    x = x[::-1] if reverse else x
    seen = jnp.concatenate([past_BxKxN.swapaxes(0, 1), x])
    u = self.b_w[...][None, None]
    for k, w in enumerate(self.w[...]):
      u = u + w[None, None] * seen[WIDTH - 1 - k : seen.shape[0] - k]
    u = u[::-1] if reverse else u
    with jax.named_scope(SCOPE):
      a, b = self.coefficients(u)
    h_TxBxN = linear_scan(jnp.where(real, a, 1), jnp.where(real, b, 0), h, reverse)
    return h_TxBxN, (h_TxBxN[0 if reverse else -1], seen[1 - WIDTH :].swapaxes(0, 1))
