"""1.5-entmax: between softmax and sparsemax."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from nmt.models.normalisers.softmax import Energies, Real
from nmt.models.normalisers.sparsemax import below_the_highest


def make(model: ConfigDict) -> Callable[[Energies, Real], Energies]:
  """normalise(e, real), as below."""
  return normalise


@jax.custom_vjp
def normalise(e: Energies, real: Real) -> Energies:
  """a_j = max(e_j / 2 - tau, 0)^2, with tau such that the real words of the last axis sum to 1.

  Peters et al. (2019), algorithm 2, by sorting: if the k largest energies are the ones above tau,
  then tau = mean - sqrt((1 - squares) / k), of their mean and their squared distances from it.
  Exactly 0 on padding, and everywhere if no word is real; `real` has the axes of e, or 1 in place.
  """
  z = below_the_highest(e / 2, real)
  falling = -jnp.sort(-z, axis=-1)
  k = jnp.arange(1, z.shape[-1] + 1, dtype=z.dtype).reshape((1,) * (z.ndim - 1) + (-1,))
  mean = jnp.cumsum(falling, axis=-1) / k
  squares = jnp.cumsum(falling * falling, axis=-1) - k * mean * mean
  taus = mean - jnp.sqrt(jnp.maximum((1 - squares) / k, 0))
  size = (taus <= falling).sum(axis=-1, keepdims=True, dtype=jnp.int32)
  tau = jnp.take_along_axis(taus, jnp.maximum(size - 1, 0), axis=-1)
  return jnp.where(real, jnp.maximum(z - tau, 0) ** 2, 0)


def _forward(e: Energies, real: Real) -> tuple[Energies, Energies]:
  alpha = normalise(e, real)
  return alpha, alpha


def _backward(alpha: Energies, gradient: Energies) -> tuple[Energies, None]:
  """s * (gradient - its mean weighted by s), with s = alpha^(2 - 1.5) (as shown there)."""
  root = jnp.sqrt(alpha)
  mean = (root * gradient).sum(axis=-1, keepdims=True)
  total = root.sum(axis=-1, keepdims=True)
  return root * (gradient - mean / jnp.where(total > 0, total, 1)), None


normalise.defvjp(_forward, _backward)
