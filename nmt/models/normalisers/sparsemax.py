"""Sparsemax: weights of which some are exactly 0."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict


def make(model: ConfigDict) -> Callable[[jax.Array, jax.Array], jax.Array]:
  """normalise(e, real), as below."""
  return normalise


@jax.custom_vjp
def normalise(e: jax.Array, real: jax.Array) -> jax.Array:
  """argmin |a - e|^2 over all distributions a over the real words of the last axis.

  Martins and Astudillo (2016), algorithm 1: a_j = max(e_j - tau, 0), where tau follows from the
  sums of the largest energies. Exactly 0 on padding, and everywhere if no word is real; `real` has
  the axes of e, or 1 in place.
  """
  z = below_the_highest(e, real)
  falling = -jnp.sort(-z, axis=-1)
  k = jnp.arange(1, z.shape[-1] + 1, dtype=z.dtype).reshape((1,) * (z.ndim - 1) + (-1,))
  excess = jnp.cumsum(falling, axis=-1) - 1
  size = (k * falling > excess).sum(axis=-1, keepdims=True, dtype=jnp.int32)
  tau = jnp.take_along_axis(excess / k, jnp.maximum(size - 1, 0), axis=-1)
  return jnp.where(real, jnp.maximum(z - tau, 0), 0)


def below_the_highest(e: jax.Array, real: jax.Array) -> jax.Array:
  """Energies with that of the highest real word as 0, and none below -2.

  The threshold is never more than 1 below the highest, so what stands at -2, as padding does, has
  the weight 0, and sums of these numbers are exact enough whatever the energies were.
  """
  highest = jnp.where(real, e, jnp.finfo(e.dtype).min).max(axis=-1, keepdims=True)
  return jnp.where(real, jnp.maximum(e - highest, -2), -2)


def _forward(e: jax.Array, real: jax.Array) -> tuple[jax.Array, jax.Array]:
  alpha = normalise(e, real)
  return alpha, alpha


def _backward(alpha: jax.Array, gradient: jax.Array) -> tuple[jax.Array, None]:
  """Section 2.5 there: with s the words above 0, s * (gradient - its mean over s)."""
  support = (alpha > 0).astype(alpha.dtype)
  mean = (support * gradient).sum(axis=-1, keepdims=True)
  mean = mean / jnp.maximum(support.sum(axis=-1, keepdims=True), 1)
  return support * (gradient - mean), None


normalise.defvjp(_forward, _backward)
