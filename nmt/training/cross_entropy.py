"""The cross-entropy of the target's words, which never holds all logits at once."""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Shaped

from nmt.models.late import Product

_CHUNKS = 4  # of all positions, where their number allows: one's logits are in memory at a time

Found = tuple[Float[Array, ""], Float[Array, "N"], Int[Array, ""]]
Gradients = tuple[Float[Array, "N L"], Float[Array, "V L"], Float[Array, "V"]]  # by t, W and b


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def cross_entropy(
  product: Product,
  label_smoothing: float,
  t_NxL: Float[Array, "N L"],
  W_VxL: Float[Array, "V L"],
  b_V: Float[Array, "V"],
  y_N: Int[Array, "N"],
  real_N: Bool[Array, "N"],
) -> Found:
  """The sum of the loss over real rows, nll_N of each row (0 if not real), and how many are right.

  loss = (1 - a) * nll + a * mean_v -log p(v), a being the label smoothing; nll = -log p(y), and a
  row is right if y is its likeliest word. logits = W t + b. Only the loss has a gradient,
  d loss / d logits = softmax(logits) - (1 - a) onehot(y) - a / V. It is taken on the way forward, a
  chunk of rows at a time, so that neither the logits nor their gradient are ever whole in memory.
  """

  def chunk(total: Any, rows: Any) -> tuple[Any, Float[Array, "C"]]:
    loss, nll, correct, _ = _rows(product, label_smoothing, W_VxL, b_V, *rows)
    return jax.tree.map(jnp.add, total, (loss, correct)), nll

  (loss, correct), nll = jax.lax.scan(chunk, _nothing(), _cut(t_NxL, y_N, real_N))
  return loss, nll.reshape(-1), correct


def _forward(
  product: Product,
  label_smoothing: float,
  t: Float[Array, "N L"],
  W: Float[Array, "V L"],
  b: Float[Array, "V"],
  y: Int[Array, "N"],
  real: Bool[Array, "N"],
) -> tuple[Found, Gradients]:
  def chunk(total: Any, rows: Any) -> tuple[Any, tuple[Float[Array, "C"], Float[Array, "C L"]]]:
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
  product: Product,
  label_smoothing: float,
  saved: Gradients,
  gradients: tuple[Float[Array, ""], Any, Any],
) -> tuple[Float[Array, "N L"], Float[Array, "V L"], Float[Array, "V"], None, None]:
  to_t, to_W, to_b = (one * gradients[0].astype(one.dtype) for one in saved)
  return to_t, to_W, to_b, None, None


cross_entropy.defvjp(_forward, _backward)


def _rows(
  product: Product,
  label_smoothing: float,
  W: Float[Array, "V L"],
  b: Float[Array, "V"],
  t: Float[Array, "N L"],
  y: Int[Array, "N"],
  real: Bool[Array, "N"],
) -> tuple[
  Float[Array, ""], Float[Array, "N"], Int[Array, ""], tuple[Float[Array, "N V"], Float[Array, "N"]]
]:
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


def _nothing() -> tuple[Float[Array, ""], Int[Array, ""]]:
  return jnp.float32(0), jnp.int32(0)


def _cut(*arrays: Shaped[Array, "N ..."]) -> tuple[Shaped[Array, "chunks C ..."], ...]:
  chunks = math.gcd(_CHUNKS, arrays[0].shape[0])
  return tuple(array.reshape(chunks, -1, *array.shape[1:]) for array in arrays)
