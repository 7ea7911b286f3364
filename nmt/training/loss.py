"""What training lowers: the negative log-likelihood of the target, as sums over its tokens."""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp

from nmt.data.ids import PAD
from nmt.models.products import Product

_CHUNKS = 4  # of all positions, where their number allows: one's logits are in memory at a time


def loss_sums(
  model: Any,
  source_BxJ: jax.Array,
  target_BxT: jax.Array,
  label_smoothing: float = 0.0,
  keys_B: jax.Array | None = None,
) -> tuple[jax.Array, dict[str, jax.Array]]:
  """The sum of the loss over real target tokens, and the sums `nll`, `correct` and `tokens`.

  loss = (1 - a) * nll + a * mean_v -log p(v), a being the label smoothing; nll = -log p(y). Sums,
  not means: those of two shards, or of two batches of one update, add up to those of the whole.
  """
  t_BxTxL, _ = model.features(source_BxJ, target_BxT, keys_B)
  real = target_BxT != PAD
  loss, nll, correct = cross_entropy(
    model.product,
    label_smoothing,
    t_BxTxL.reshape(-1, t_BxTxL.shape[-1]),
    *model.words(),
    target_BxT.reshape(-1),
    real.reshape(-1),
  )
  return loss, {"loss": loss, "nll": nll, "correct": correct, "tokens": real.sum(dtype=jnp.int32)}


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def cross_entropy(
  product: Product,
  label_smoothing: float,
  t_NxL: jax.Array,
  W_VxL: jax.Array,
  b_V: jax.Array,
  y_N: jax.Array,
  real_N: jax.Array,
) -> tuple[jax.Array, jax.Array, jax.Array]:
  """Sums over the real rows: of the smoothed loss, of -log p(y), and of y being the likeliest.

  logits = W t + b. Only the first sum has a gradient, d loss / d logits = softmax(logits)
  - (1 - a) onehot(y) - a / V. It is taken on the way forward, a chunk of rows at a time, so that
  neither the logits nor their gradient are ever whole in memory.
  """

  def chunk(total, rows):
    *sums, _ = _sums(product, label_smoothing, W_VxL, b_V, *rows)
    return jax.tree.map(jnp.add, total, tuple(sums)), None

  return jax.lax.scan(chunk, _nothing(), _cut(t_NxL, y_N, real_N))[0]


def _forward(product, label_smoothing, t, W, b, y, real):
  def chunk(total, rows):
    t, y, real = rows
    *sums, (logits, normaliser) = _sums(product, label_smoothing, W, b, t, y, real)
    words = jax.lax.broadcasted_iota(y.dtype, logits.shape, 1)
    wanted = jnp.where(words == y[:, None], jnp.float32(1 - label_smoothing), 0.0)
    slope = jnp.exp(logits - normaliser[:, None]) - wanted - label_smoothing / logits.shape[1]
    slope = jnp.where(real[:, None], slope, 0)
    d_W = product("nv,nl->vl", slope, t).astype(W.dtype)
    # On CPU XLA takes thirty times longer for the sum itself, where V is large.
    d_b = jnp.dot(jnp.ones_like(normaliser), slope, precision="highest").astype(b.dtype)
    total = jax.tree.map(jnp.add, total, (tuple(sums), d_W, d_b))
    return total, product("nv,vl->nl", slope, W).astype(t.dtype)

  start = _nothing(), jnp.zeros_like(W), jnp.zeros_like(b)
  (sums, d_W, d_b), d_t = jax.lax.scan(chunk, start, _cut(t, y, real))
  return sums, (d_t.reshape(t.shape), d_W, d_b)


def _backward(product, label_smoothing, slopes, gradients):
  return *(slope * gradients[0].astype(slope.dtype) for slope in slopes), None, None


cross_entropy.defvjp(_forward, _backward)


def _sums(product, label_smoothing, W, b, t, y, real):
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
  return loss.sum(), nll.sum(), correct, (logits, normaliser)


def _nothing():
  return jnp.float32(0), jnp.float32(0), jnp.int32(0)


def _cut(*arrays):
  chunks = math.gcd(_CHUNKS, arrays[0].shape[0])
  return tuple(array.reshape(chunks, -1, *array.shape[1:]) for array in arrays)
