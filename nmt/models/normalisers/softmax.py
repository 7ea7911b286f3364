"""The paper's normaliser."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from nmt.options import positive

OPTIONS = {
  "temperature": positive(1.0, "energies are divided by this; below 1: sharper weights"),
}


def make(model: ConfigDict) -> Callable[[jax.Array, jax.Array], jax.Array]:
  """normalise(e / temperature, real), as below."""
  temperature = model.normaliser.temperature
  if temperature == 1:
    return normalise

  def divided(e: jax.Array, real: jax.Array) -> jax.Array:
    # Weights don't depend on what is subtracted from all energies; so no quotient is too large.
    highest = jnp.where(real, e, jnp.finfo(e.dtype).min).max(axis=-1, keepdims=True)
    return normalise((e - jax.lax.stop_gradient(highest)) / temperature, real)

  return divided


@jax.custom_vjp
def normalise(e: jax.Array, real: jax.Array) -> jax.Array:
  """softmax over the real words of the last axis (equation 6).

  Exactly 0 on padding, and everywhere if no word is real; `real` has the axes of e, or 1 in place.
  """
  e = jnp.where(real, e, jnp.finfo(e.dtype).min)
  weights = jnp.where(real, jnp.exp(e - e.max(axis=-1, keepdims=True)), 0)
  total = weights.sum(axis=-1, keepdims=True)
  return weights / jnp.where(total > 0, total, 1)


def _forward(e: jax.Array, real: jax.Array) -> tuple[jax.Array, jax.Array]:
  alpha = normalise(e, real)
  return alpha, alpha


def _backward(alpha: jax.Array, gradient: jax.Array) -> tuple[jax.Array, None]:
  return alpha * (gradient - (alpha * gradient).sum(axis=-1, keepdims=True)), None


normalise.defvjp(_forward, _backward)
