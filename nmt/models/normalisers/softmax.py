"""The paper's normaliser."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float
from ml_collections import ConfigDict

from nmt.options import positive

Energies = Float[Array, "*rows J"]
Real = Bool[Array, "... J"]

OPTIONS = {
  "temperature": positive(1.0, "energies are divided by this; below 1: sharper weights"),
}


def make(model: ConfigDict) -> Callable[[Energies, Real], Energies]:
  """normalise(e / temperature, real), as below."""
  temperature = model.normaliser.temperature
  if temperature == 1:
    return normalise

  def divided(e: Energies, real: Real) -> Energies:
    # Weights don't depend on what is subtracted from all energies; so no quotient is too large.
    highest = jnp.where(real, e, lowest(e)).max(axis=-1, keepdims=True)
    weights: Energies = normalise((e - jax.lax.stop_gradient(highest)) / temperature, real)
    return weights

  return divided


def lowest(e: Energies) -> float:
  """The least finite number of the energies' type."""
  return float(np.finfo(e.dtype).min)


@jax.custom_vjp
def normalise(e: Energies, real: Real) -> Energies:
  """softmax over the real words of the last axis (equation 6).

  Exactly 0 on padding, and everywhere if no word is real; `real` has the axes of e, or 1 in place.
  """
  e = jnp.where(real, e, lowest(e))
  weights = jnp.where(real, jnp.exp(e - e.max(axis=-1, keepdims=True)), 0)
  total = weights.sum(axis=-1, keepdims=True)
  return weights / jnp.where(total > 0, total, 1)


def _forward(e: Energies, real: Real) -> tuple[Energies, Energies]:
  alpha = normalise(e, real)
  return alpha, alpha


def _backward(alpha: Energies, gradient: Energies) -> tuple[Energies, None]:
  return alpha * (gradient - (alpha * gradient).sum(axis=-1, keepdims=True)), None


normalise.defvjp(_forward, _backward)
