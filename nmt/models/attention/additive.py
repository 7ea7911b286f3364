"""The paper's attention: a network with one layer scores each word against the state."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from ml_collections import ConfigDict

from nmt.models.attention.base import EnergyAttention, Memory
from nmt.models.initializers import Initializers, zeros
from nmt.models.products import affine
from nmt.options import count

OPTIONS = {"size": count(1000, "n': units of the layer that scores a word")}


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
    return match(memory["keys"], affine(self.product, s_BxN, self.W_a[...]), self.v_a[...])


@jax.custom_vjp
def match(keys_BxJxA: jax.Array, query_BxA: jax.Array, v_A: jax.Array) -> jax.Array:
  """e_BxJ = v^T tanh(key + query); the gradient computes tanh anew, so that no step keeps it."""
  return jnp.einsum("bja,a->bj", jnp.tanh(keys_BxJxA + query_BxA[:, None]), v_A)


def _forward(keys, query, v):
  return match(keys, query, v), (keys, query, v)


def _backward(saved, slope_BxJ):
  keys, query, v = saved
  tanh = jnp.tanh(keys + query[:, None])
  slope = slope_BxJ[:, :, None] * (1 - tanh * tanh)
  d_v = jnp.einsum("n,na->a", slope_BxJ.reshape(-1), tanh.reshape(-1, tanh.shape[-1]))
  return slope * v[None, None], slope.sum(axis=1) * v[None], d_v


match.defvjp(_forward, _backward)
