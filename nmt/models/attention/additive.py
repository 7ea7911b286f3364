"""The paper's attention: a network with one layer scores each word against the state."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float
from ml_collections import ConfigDict

from nmt.models.attention._all_steps import match_all
from nmt.models.attention.base import EnergyAttention, Memory
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers, zeros
from nmt.models.late import Product
from nmt.models.products import affine
from nmt.options import count
from nmt.refusals import SCORES

OPTIONS = {
  "size": count(1000, "n', width of the layer that compares a state with an annotation"),
}
TRAITS = (SCORES,)


class Attention(EnergyAttention):
  """e_ij = v_a^T tanh(W_a s_{i-1} + U_a h_j + b_a)   (Bahdanau et al., 2015, appendix A.1.2)."""

  many = True

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    size = model.attention.size
    self.W_a = nnx.Param(initial.attention((model.size, size)))
    self.U_a = nnx.Param(initial.attention((encoder.width, size)))
    self.b_a = nnx.Param(zeros((size,)))
    self.v_a = nnx.Param(initial.energy((size,)))

  def remember(self, h_BxJxD: Float[Array, "B J D"], real_BxJ: Bool[Array, "B J"]) -> Memory:
    keys = affine(self.product, h_BxJxD, self.U_a[...], self.b_a[...])
    return super().remember(h_BxJxD, real_BxJ) | {"keys": keys}

  def energies(
    self, s: Float[Array, "*steps B N"], memory: Memory, carry: Any
  ) -> Float[Array, "*steps B J"]:
    return match(memory["keys"], affine(self.product, s, self.W_a[...]), self.v_a[...])


def match(
  keys_BxJxA: Float[Array, "B J A"], query: Float[Array, "*steps B A"], v_A: Float[Array, "A"]
) -> Float[Array, "*steps B J"]:
  """e = v^T tanh(key + query), BxJ of one step, or TxBxJ of the queries of all steps."""
  return (match_one if query.ndim == 2 else match_all)(keys_BxJxA, query, v_A)


@jax.custom_vjp
def match_one(
  keys_BxJxA: Float[Array, "B J A"], query_BxA: Float[Array, "B A"], v_A: Float[Array, "A"]
) -> Float[Array, "B J"]:
  """e_BxJ = v^T tanh(key + query); the gradient computes tanh anew, so that no step keeps it."""
  return jnp.einsum("bja,a->bj", jnp.tanh(keys_BxJxA + query_BxA[:, None]), v_A)


def match_with(
  product: Product,
  keys_BxJxA: Float[Array, "B J A"],
  query_BxA: Float[Array, "B A"],
  v_A: Float[Array, "A"],
  f_BxJxK: Float[Array, "B J K"],
  U_KxA: Float[Array, "K A"],
) -> Float[Array, "B J"]:
  """e_BxJ = v^T tanh(key + query + U f), of features f that differ from step to step.

  The gradient computes the sum anew, so that a step keeps f, of which K is small.
  """

  def anew(keys: Array, query: Array, v: Array, f: Array, U: Array) -> Float[Array, "B J"]:
    return match(keys + affine(product, f, U), query, v)

  # In the loop over steps nothing could be merged with what is computed anew.
  e_BxJ: Float[Array, "B J"] = jax.checkpoint(anew, prevent_cse=False)(
    keys_BxJxA, query_BxA, v_A, f_BxJxK, U_KxA
  )
  return e_BxJ


_Arrays = tuple[Float[Array, "B J A"], Float[Array, "B A"], Float[Array, "A"]]


def _forward(
  keys: Float[Array, "B J A"], query: Float[Array, "B A"], v: Float[Array, "A"]
) -> tuple[Float[Array, "B J"], _Arrays]:
  return match_one(keys, query, v), (keys, query, v)


def _backward(saved: _Arrays, gradient_BxJ: Float[Array, "B J"]) -> _Arrays:
  keys, query, v = saved
  tanh = jnp.tanh(keys + query[:, None])
  inside = gradient_BxJ[:, :, None] * (1 - tanh * tanh)
  to_v = jnp.einsum("n,na->a", gradient_BxJ.reshape(-1), tanh.reshape(-1, tanh.shape[-1]))
  return inside * v[None, None], inside.sum(axis=1) * v[None], to_v


match_one.defvjp(_forward, _backward)
