"""Sparsemax: weights of which some are exactly 0."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from nmt.models.normalisers.softmax import Energies, Real, lowest


def make(model: ConfigDict) -> Callable[[Energies, Real], Energies]:
  """normalise(e, real), as below."""
  return normalise


@jax.custom_vjp
def normalise(e: Energies, real: Real) -> Energies:
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


def below_the_highest(e: Energies, real: Real) -> Energies:
  """Energies with that of the highest real word as 0, and none below -2.

  The threshold is never more than 1 below the highest, so what stands at -2, as padding does, has
  the weight 0, and sums of these numbers are exact enough whatever the energies were.
  """
  highest = jnp.where(real, e, lowest(e)).max(axis=-1, keepdims=True)
  return jnp.where(real, jnp.maximum(e - highest, -2), -2)


def _forward(e: Energies, real: Real) -> tuple[Energies, Energies]:
  alpha = normalise(e, real)
  return alpha, alpha


def _backward(alpha: Energies, gradient: Energies) -> tuple[Energies, None]:
  """Section 2.5 there: with s the words above 0, s * (gradient - its mean over s)."""
  support = (alpha > 0).astype(alpha.dtype)
  mean = (support * gradient).sum(axis=-1, keepdims=True)
  mean = mean / jnp.maximum(support.sum(axis=-1, keepdims=True), 1)
  return support * (gradient - mean), None


normalise.defvjp(_forward, _backward)
