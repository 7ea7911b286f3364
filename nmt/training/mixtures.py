"""The likelihood of words that are mixtures over source words, some positions at a time."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from nmt.models import Translation
from nmt.models.mixture import Mixture, by_chunks, mixed


class Words(NamedTuple):
  """Of each target word y_i: log p(y_i), whether it is the likeliest word, and more.

  uniform: mean_v -log p(v), for label smoothing; each: log p(y_i | s_i, h_j) of all source words j.
  """

  log_p: Float[Array, "B T"]
  right: Bool[Array, "B T"]
  uniform: Float[Array, "B T"]
  each: Float[Array, "B T J"]


def words(model: Translation, mixture: Mixture, y_BxT: Int[Array, "B T"]) -> Words:
  """What a model says of the words y_BxT; of padding too, which is for the caller to leave out."""

  def some(part: Mixture, y: Int[Array, "B T"]) -> Words:
    log_p_each = model.log_p_each(part).astype(jnp.float32)
    each = jnp.take_along_axis(log_p_each, y[:, :, None, None], axis=3)[..., 0]
    log_p = mixed(part.log_alpha, log_p_each)
    chosen = jnp.take_along_axis(log_p, y[:, :, None], axis=2)[..., 0]
    right = chosen >= jax.lax.stop_gradient(log_p.max(axis=2))
    return Words(chosen, right, -log_p.mean(axis=2), each)

  found: Words = by_chunks(some, mixture, model.output()[1].shape[0], y_BxT)
  return found
