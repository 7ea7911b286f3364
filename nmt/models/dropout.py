"""Inverted dropout, one key a sentence, so that masks do not depend on how a batch is cut."""

from collections.abc import Sequence
from typing import overload

import jax
import jax.numpy as jnp


def dropout(keys_B: jax.Array | None, rate: float, x: jax.Array) -> jax.Array:
  """x * mask / (1 - rate), mask ~ Bernoulli(1 - rate) for each entry; x has B as its first axis.

  Without keys, or at rate 0, x itself.
  """
  if keys_B is None or rate == 0:
    return x
  share = jnp.float32(1 - rate)  # of a type, so that masks are drawn the same in any precision
  keep = jax.vmap(lambda key: jax.random.bernoulli(key, share, x.shape[1:]))(keys_B)
  return jnp.where(keep, x / (1 - rate), 0)


@overload
def split(keys_B: jax.Array, count: int) -> list[jax.Array]: ...
@overload
def split(keys_B: jax.Array | None, count: int) -> list[jax.Array | None]: ...
def split(keys_B: jax.Array | None, count: int) -> Sequence[jax.Array | None]:
  """`count` arrays of keys, each still one key a sentence."""
  if keys_B is None:
    return [None] * count
  return [jax.vmap(lambda key, i=i: jax.random.fold_in(key, i))(keys_B) for i in range(count)]
