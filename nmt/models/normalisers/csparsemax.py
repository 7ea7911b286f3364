"""Constrained sparsemax: a source word has a fertility, after which no step looks at it."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float
from ml_collections import ConfigDict

from nmt.options import positive
from nmt.refusals import OTHER_WEIGHTS, SPENDS, refuses

OPTIONS = {
  "fertility": positive(2.0, "the most that the weights of a source word add up to over all steps"),
}
TRAITS = (SPENDS,)
REFUSES = (
  refuses("model.attention", OTHER_WEIGHTS, "what the steps before have spent isn't known there"),
)


def make(
  model: ConfigDict,
) -> Callable[[Float[Array, "..."], Float[Array, "..."], Float[Array, "..."]], Float[Array, "..."]]:
  """normalise(e, real, spent), where `spent` is the sum of the weights of the steps before.

  argmin |a - e|^2 over distributions a over the real words of the last axis with a_j <= u_j,
  u = fertility - spent (Malaviya et al., 2018), the same fertility for all words. The
  last word, EOS, is the paper's sink: its fertility is unbounded, so that weights always sum to 1.
  Exactly 0 on padding, and everywhere if no word is real; `real` has the axes of e, or 1 in place.
  """
  fertility = model.normaliser.fertility

  def normalise(
    e: Float[Array, "..."], real: Bool[Array, "..."], spent: Float[Array, "..."]
  ) -> Float[Array, "..."]:
    real = jnp.broadcast_to(real, e.shape)
    sink = real & ~jnp.pad(real[..., 1:], [(0, 0)] * (e.ndim - 1) + [(0, 1)])
    left = jnp.clip(fertility - spent, 0, 1)  # no weight is above 1
    return constrained(e, jnp.where(sink, 1, jnp.where(real, left, 0)))

  return normalise


@jax.custom_vjp
def constrained(e: Float[Array, "..."], u: Float[Array, "..."]) -> Float[Array, "..."]:
  """argmin |a - e|^2 over the last axis, where 0 <= a <= u <= 1 and a sums to 1.

  a_j = clip(e_j - tau, 0, u_j). The sum is linear in tau between two neighbours of the set of all
  e_j and e_j - u_j, falls with tau, and is found at each of them; then tau follows from the highest
  one at which the sum is still 1 or more: without sorting, and exact for energies of any size, by
  2 J sums of J words. Some u must be 1, or all 0, which gives zeros.
  """
  above = u[..., None, :]
  differences = jnp.where(above > 0, jnp.maximum(e[..., None, :] - e[..., :, None], -1), -1)
  beyond = jnp.concatenate([differences, differences + u[..., :, None]], axis=-2)  # e_j - tau
  sums = jnp.clip(beyond, 0, above).sum(axis=-1)
  between = ((beyond > 0) & (beyond <= above)).sum(axis=-1)
  usable = jnp.concatenate([u, u], axis=-1) > 0
  enough = usable & (sums >= 1) & (between > 0)
  place = jnp.where(enough, sums, jnp.inf).argmin(axis=-1)[..., None]
  excess = jnp.take_along_axis(sums, place, axis=-1) - 1
  shared = jnp.maximum(jnp.take_along_axis(between, place, axis=-1), 1)
  beyond = jnp.take_along_axis(beyond, place[..., None], axis=-2)[..., 0, :]
  return jnp.clip(beyond - excess / shared, 0, u)


_Pair = tuple[Float[Array, "..."], Float[Array, "..."]]


def _forward(e: Float[Array, "..."], u: Float[Array, "..."]) -> tuple[Float[Array, "..."], _Pair]:
  alpha = constrained(e, u)
  return alpha, (alpha, u)


def _backward(saved: _Pair, gradient: Float[Array, "..."]) -> _Pair:
  """Words between their bounds share what one of them gets or gives (as shown there)."""
  alpha, u = saved
  inside = ((alpha > 0) & (alpha < u)).astype(alpha.dtype)
  mean = (inside * gradient).sum(axis=-1, keepdims=True)
  mean = mean / jnp.maximum(inside.sum(axis=-1, keepdims=True), 1)
  full = ((alpha > 0) & (alpha >= u)).astype(alpha.dtype)
  return inside * (gradient - mean), full * (gradient - mean)


constrained.defvjp(_forward, _backward)
