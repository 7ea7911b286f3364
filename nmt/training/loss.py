"""What training lowers: the negative log-likelihood of the target, as sums over its tokens."""

import functools
from typing import Any

import jax
import jax.numpy as jnp

from nmt.data.ids import PAD


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
  logits = model.logits(t_BxTxL).astype(jnp.float32)
  real = target_BxT != PAD
  loss, nll, correct = cross_entropy(
    logits.reshape(-1, logits.shape[-1]), target_BxT.reshape(-1), real.reshape(-1), label_smoothing
  )
  return loss, {"loss": loss, "nll": nll, "correct": correct, "tokens": real.sum(dtype=jnp.int32)}


@functools.partial(jax.custom_vjp, nondiff_argnums=(3,))
def cross_entropy(
  logits_NxV: jax.Array, y_N: jax.Array, real_N: jax.Array, label_smoothing: float
) -> tuple[jax.Array, jax.Array, jax.Array]:
  """Sums over the real rows: of the smoothed loss, of -log p(y), and of y being the likeliest.

  Only the first has a gradient. It is written by hand so that no array of log-probabilities exists:
  d loss / d logits = softmax(logits) - (1 - a) onehot(y) - a / V, in one pass over the logits.
  """
  return _forward(logits_NxV, y_N, real_N, label_smoothing)[0]


def _forward(logits, y, real, label_smoothing):
  top = logits.max(axis=1)
  normaliser = jnp.log(jnp.exp(logits - top[:, None]).sum(axis=1)) + top
  chosen = jnp.take_along_axis(logits, y[:, None], axis=1)[:, 0]
  nll = jnp.where(real, normaliser - chosen, 0)
  loss = nll
  if label_smoothing:
    uniform = jnp.where(real, normaliser - logits.mean(axis=1), 0)
    loss = (1 - label_smoothing) * nll + label_smoothing * uniform
  correct = (real & (chosen >= top)).sum(dtype=jnp.int32)
  return (loss.sum(), nll.sum(), correct), (logits, normaliser, y, real)


def _backward(label_smoothing, saved, gradients):
  logits, normaliser, y, real = saved
  p = jnp.exp(logits - normaliser[:, None])
  words = jax.lax.broadcasted_iota(y.dtype, logits.shape, 1)
  wanted = jnp.where(words == y[:, None], 1 - label_smoothing, 0.0)
  scale = jnp.where(real, gradients[0], 0)
  return (p - wanted - label_smoothing / logits.shape[1]) * scale[:, None], None, None


cross_entropy.defvjp(_forward, _backward)
