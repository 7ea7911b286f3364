"""The cross-entropy of the target's words, which never holds all logits at once."""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp

from nmt.models.products import Product

_CHUNKS = 4  # of all positions, where their number allows: one's logits are in memory at a time

Found = tuple[jax.Array, jax.Array, jax.Array]


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def cross_entropy(
  product: Product,
  label_smoothing: float,
  t_NxL: jax.Array,
  W_VxL: jax.Array,
  b_V: jax.Array,
  y_N: jax.Array,
  real_N: jax.Array,
) -> Found:
  """The sum of the loss over real rows, nll_N of each row (0 if not real), and how many are right.

  loss = (1 - a) * nll + a * mean_v -log p(v), a being the label smoothing; nll = -log p(y), and a
  row is right if y is its likeliest word. logits = W t + b. Only the loss has a gradient,
  d loss / d logits = softmax(logits) - (1 - a) onehot(y) - a / V. It is taken on the way forward, a
  chunk of rows at a time, so that neither the logits nor their gradient are ever whole in memory.
  """

  def chunk(total: Any, rows: Any) -> tuple[Any, jax.Array]:
    loss, nll, correct, _ = _rows(product, label_smoothing, W_VxL, b_V, *rows)
    return jax.tree.map(jnp.add, total, (loss, correct)), nll

  (loss, correct), nll = jax.lax.scan(chunk, _nothing(), _cut(t_NxL, y_N, real_N))
  return loss, nll.reshape(-1), correct


def _forward(
  product: Product,
  label_smoothing: float,
  t: jax.Array,
  W: jax.Array,
  b: jax.Array,
  y: jax.Array,
  real: jax.Array,
) -> tuple[Found, tuple[jax.Array, ...]]:
  def chunk(total: Any, rows: Any) -> tuple[Any, tuple[jax.Array, jax.Array]]:
    t, y, real = rows
    found = _rows(product, label_smoothing, W, b, t, y, real)
    loss, nll, correct, (logits, normaliser) = found
    words = jax.lax.broadcasted_iota(y.dtype, logits.shape, 1)
    wanted = jnp.where(words == y[:, None], jnp.float32(1 - label_smoothing), 0.0)
    gradient = jnp.exp(logits - normaliser[:, None]) - wanted - label_smoothing / logits.shape[1]
    gradient = jnp.where(real[:, None], gradient, 0)
    to_W = product("nv,nl->vl", gradient, t).astype(W.dtype)
    # On CPU XLA takes thirty times longer for the sum itself, where V is large.
    to_b = jnp.dot(jnp.ones_like(normaliser), gradient, precision="highest").astype(b.dtype)
    total = jax.tree.map(jnp.add, total, ((loss, correct), to_W, to_b))
    return total, (nll, product("nv,vl->nl", gradient, W).astype(t.dtype))

  start = _nothing(), jnp.zeros_like(W), jnp.zeros_like(b)
  ((loss, correct), to_W, to_b), (nll, to_t) = jax.lax.scan(chunk, start, _cut(t, y, real))
  return (loss, nll.reshape(-1), correct), (to_t.reshape(t.shape), to_W, to_b)


def _backward(
  product: Product, label_smoothing: float, saved: tuple[jax.Array, ...], gradients: Found
) -> tuple[jax.Array | None, ...]:
  return *(one * gradients[0].astype(one.dtype) for one in saved), None, None


cross_entropy.defvjp(_forward, _backward)


def _rows(
  product: Product,
  label_smoothing: float,
  W: jax.Array,
  b: jax.Array,
  t: jax.Array,
  y: jax.Array,
  real: jax.Array,
) -> tuple[jax.Array, jax.Array, jax.Array, tuple[jax.Array, jax.Array]]:
  logits = (product("nl,vl->nv", t, W) + b[None]).astype(jnp.float32)
  top = logits.max(axis=1)
  normaliser = jnp.log(jnp.exp(logits - top[:, None]).sum(axis=1)) + top
  chosen = jnp.take_along_axis(logits, y[:, None], axis=1)[:, 0]
  nll = jnp.where(real, normaliser - chosen, 0)
  loss = nll
  if label_smoothing:
    uniform = jnp.where(real, normaliser - logits.mean(axis=1), 0)
    loss = (1 - label_smoothing) * nll + label_smoothing * uniform
  correct = (real & (chosen >= top)).sum(dtype=jnp.int32)
  return loss.sum(), nll, correct, (logits, normaliser)


def _nothing() -> tuple[jax.Array, jax.Array]:
  return jnp.float32(0), jnp.int32(0)


def _cut(*arrays: jax.Array) -> tuple[jax.Array, ...]:
  chunks = math.gcd(_CHUNKS, arrays[0].shape[0])
  return tuple(array.reshape(chunks, -1, *array.shape[1:]) for array in arrays)
