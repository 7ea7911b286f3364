"""The paper's attention: a network with one layer scores each word against the state."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from ml_collections import ConfigDict

from nmt.models.attention.base import EnergyAttention, Memory
from nmt.models.initializers import Initializers, zeros
from nmt.models.products import affine


class Attention(EnergyAttention):
  """e_ij = v_a^T tanh(W_a s_{i-1} + U_a h_j + b_a)   (Bahdanau et al., 2015, appendix A.1.2)."""

  def __init__(self, model: ConfigDict, start: Initializers):
    super().__init__(model, start)
    size = model.attention.size
    self.W_a = nnx.Param(start.attention((model.size, size)))
    self.U_a = nnx.Param(start.attention((2 * model.size, size)))
    self.b_a = nnx.Param(zeros((size,)))
    self.v_a = nnx.Param(start.energy((size,)))

  def precompute(self, h_BxJxD: jax.Array, real_BxJ: jax.Array) -> Memory:
    keys = affine(self.product, h_BxJxD, self.U_a[...], self.b_a[...])
    return super().precompute(h_BxJxD, real_BxJ) | {"keys": keys}

  def energies(self, s_BxN: jax.Array, memory: Memory, carry: Any) -> jax.Array:
    query = affine(self.product, s_BxN, self.W_a[...])
    # The gradient computes tanh of B x J x n' anew: half the memory, in no more time.
    match = jax.checkpoint(self._match, prevent_cse=False) if self.keeps else self._match
    return match(memory["keys"], query, self.v_a[...])

  def _match(self, keys: jax.Array, query: jax.Array, v_a: jax.Array) -> jax.Array:
    return (jnp.tanh(keys + query[:, None, :]) * v_a[None, None]).sum(axis=2)
