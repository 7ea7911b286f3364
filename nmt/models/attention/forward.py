"""Forward attention: a softmax over the words that a step forward, or none, can reach."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Bool, Float, Key
from ml_collections import ConfigDict

from nmt.models.attention import _energy
from nmt.models.attention.base import Attention as Base
from nmt.models.attention.base import Glance, Memory
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers, zeros
from nmt.models.products import affine, product
from nmt.options import kind, whole
from nmt.refusals import OTHER_WEIGHTS, SCORES

OPTIONS = {
  "energy": kind("additive", "the mechanism whose energies are used", SCORES),
  "agent": whole(0, "width of the transition agent's layer; 0: no agent, algorithm 1"),
}
TRAITS = (OTHER_WEIGHTS,)

NEVER = np.float32(-1e30)  # the logarithm of 0; finite, so that gradients are finite, too


class Agent(nnx.Module):
  """u_i = sigmoid(v_u^T tanh(W_u s + C_u c_i + b_u) + b_v), how likely the next step moves."""

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    self.product = product(model.precision)
    size = model.attention.agent
    self.W_u = nnx.Param(initial.dense((model.size, size)))
    self.C_u = nnx.Param(initial.dense((encoder.width, size)))
    self.b_u = nnx.Param(zeros((size,)))
    self.v_u = nnx.Param(initial.dense((size, 1)))
    self.b_v = nnx.Param(zeros((1,)))

  def __call__(self, s_BxN: Float[Array, "B N"], c_BxD: Float[Array, "B D"]) -> Float[Array, "..."]:
    """The logit of u_i (B)."""
    inside = affine(self.product, s_BxN, self.W_u[...], self.b_u[...])
    inside = jnp.tanh(inside + affine(self.product, c_BxD, self.C_u[...]))
    return affine(self.product, inside, self.v_u[...], self.b_v[...])[:, 0]


class Attention(Base):
  """The forward attention of Zhang, Ling and Dai (2018), algorithms 1 and 2.

  alpha'_ij = ((1 - u_{i-1}) alpha_{i-1,j} + u_{i-1} alpha_{i-1,j-1}) y_ij
  alpha_ij = alpha'_ij / sum_k alpha'_ik                y_i = softmax(e_i), alpha_0 = (1, 0, .., 0)

  Without an agent u is 1/2, which cancels. With one, u_0 is 1/2; the paper's sees the last output
  beside s and c_i, which here only s can tell it. All is computed in logarithms: no word that
  alpha_{i-1} reaches may have a y_ij that float32 can tell from 0.
  """

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    self.energy = _energy.make(model, encoder, initial, model.attention.energy)
    self.agent = Agent(model, encoder, initial) if model.attention.agent else None

  def remember(self, h_BxJxD: Float[Array, "B J D"], real_BxJ: Bool[Array, "B J"]) -> Memory:
    own = self.energy.remember(h_BxJxD, real_BxJ)
    return {"h": h_BxJxD, "real": own["real"], "energy": own}

  def begin(self, memory: Memory) -> Any:
    """log alpha_0, the logit of u_0, and what the energies carry."""
    B, J, _ = memory["h"].shape
    dtype = memory["h"].dtype
    first = (jnp.arange(J) == 0)[None]
    log_alpha = jnp.broadcast_to(jnp.where(first, 0, NEVER).astype(dtype), (B, J))
    own = self.energy.begin(memory["energy"])
    return {"log_alpha": log_alpha, "u": jnp.zeros((B,), dtype), "energy": own}

  def attend(
    self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any, keys_B: Key[Array, "B"] | None
  ) -> Glance:
    stay, u = carry["log_alpha"], carry["u"]
    move = jnp.pad(stay[:, :-1], ((0, 0), (1, 0)), constant_values=NEVER)
    reach = jnp.logaddexp(
      stay + jax.nn.log_sigmoid(-u)[:, None], move + jax.nn.log_sigmoid(u)[:, None]
    )
    e = self.energy.energies(s_BxN, memory["energy"], carry["energy"])
    log_alpha = jax.nn.log_softmax(jnp.where(memory["real"], reach + e, NEVER), axis=1)
    alpha = jnp.where(memory["real"], jnp.exp(log_alpha), 0)
    if self.agent is not None:
      u = self.agent(s_BxN, self.product("bj,bjd->bd", alpha, memory["h"]))
    own = self.energy.next_carry(s_BxN, memory["energy"], carry["energy"], alpha)
    return Glance(alpha, alpha, {"log_alpha": log_alpha, "u": u, "energy": own})
