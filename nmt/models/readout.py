"""Decoder states -> logits over the target words."""

import jax
import jax.numpy as jnp
from flax import nnx
from ml_collections import ConfigDict

from nmt.models.initializers import Initializers, blocks, zeros
from nmt.models.products import affine, product


class Readout(nnx.Module):
  """Pick the next word: y_i = NextWordNN(y_{i-1}, s_i, c_i), a deep output with maxout.

  t~_i = U_o s + V_o E y_{i-1} + C_o c_i + b_t     s is s_{i-1} (previous) or s_i (current)
  t_ik = max(t~_ik, t~_i,k+l)                      the pairs are the two halves of t~
  logits_i = W_o t_i + b_o

  Which entries pair up is a matter of layout; halves are contiguous, so they cost no shuffling.
  """

  def __init__(self, model: ConfigDict, context: int, words: int, start: Initializers):
    self.product = product(model.precision)
    dense, l = blocks(start.dense, 2), model.readout.size
    self.U_o = nnx.Param(dense((model.size, 2 * l)))
    self.V_o = nnx.Param(dense((model.embedding, 2 * l)))
    self.C_o = nnx.Param(dense((context, 2 * l)))
    self.b_t = nnx.Param(zeros((2 * l,)))
    if not model.tie:
      self.W_o = nnx.Param(start.dense((words, l)))
    self.b_o = nnx.Param(zeros((words,)))

  def project(self, y: jax.Array) -> jax.Array:
    """V_o E y + b_t, from the embedded words y_...xm."""
    return affine(self.product, y, self.V_o[...], self.b_t[...])

  def values(self, h: jax.Array) -> jax.Array:
    """C_o h, from annotations h_...xD: averaged with alpha, they are C_o c."""
    return affine(self.product, h, self.C_o[...])

  def __call__(self, s: jax.Array, y: jax.Array, c: jax.Array) -> jax.Array:
    """t_...xl from states s_...xn, words as `project` gives them, and C_o c."""
    pair = affine(self.product, s, self.U_o[...]) + y + c
    first, second = jnp.split(pair, 2, axis=-1)
    return jnp.where(first >= second, first, second)  # the gradient goes to one, even in a tie

  def words(self, tied: jax.Array | None) -> tuple[jax.Array, jax.Array]:
    """W_o and b_o; the tied word vectors in the place of W_o, if there are any."""
    return (self.W_o[...] if tied is None else tied), self.b_o[...]
