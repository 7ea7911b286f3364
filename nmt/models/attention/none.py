"""No attention: RNNencdec, the paper's baseline."""

from typing import Any

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from nmt.models.attention.base import EnergyAttention, Memory


class Attention(EnergyAttention):
  """c_i = the forward state at the last word, for every i (Cho et al., 2014); alpha is 1 there."""

  aligns = False
  late = ()

  @staticmethod
  def width(model: ConfigDict) -> int:
    """The width of a context: that of one direction's state."""
    return model.size

  def precompute(self, h_BxJxD: jax.Array, real_BxJ: jax.Array) -> Memory:
    length = real_BxJ.sum(axis=1, keepdims=True)
    last = jnp.arange(1, real_BxJ.shape[1] + 1)[None] == length
    alpha = last.astype(h_BxJxD.dtype)
    n = h_BxJxD.shape[2] // 2
    return {"values": jnp.einsum("bj,bjn->bn", alpha, h_BxJxD[:, :, :n]), "alpha": alpha}

  def __call__(self, s_BxN: jax.Array, memory: Memory, carry: Any) -> tuple[jax.Array, Any]:
    return memory["alpha"], carry

  def context(self, alpha: jax.Array, values_BxD: jax.Array) -> jax.Array:
    values = jnp.expand_dims(values_BxD, range(1, alpha.ndim - 1))
    return jnp.broadcast_to(values, (*alpha.shape[:-1], values_BxD.shape[1]))
