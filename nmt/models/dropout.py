"""Inverted dropout, one key a sentence, so that masks do not depend on how a batch is cut."""

from collections.abc import Sequence
from typing import overload

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key


def dropout(
  keys_B: Key[Array, "B"] | None, rate: float, x: Float[Array, "B *rest"]
) -> Float[Array, "B *rest"]:
  """x * mask / (1 - rate), mask ~ Bernoulli(1 - rate) for each entry; x has B as its first axis.

  Without keys, or at rate 0, x itself.
  """
  if keys_B is None or rate == 0:
    return x
  share = jnp.float32(1 - rate)  # of a type, so that masks are drawn the same in any precision
  keep = jax.vmap(lambda key: jax.random.bernoulli(key, share, x.shape[1:]))(keys_B)
  return jnp.where(keep, x / (1 - rate), 0)


@overload
def split(keys_B: Key[Array, "B"], count: int) -> list[Key[Array, "B"]]: ...
@overload
def split(keys_B: Key[Array, "B"] | None, count: int) -> list[Key[Array, "B"] | None]: ...
def split(keys_B: Key[Array, "B"] | None, count: int) -> Sequence[Key[Array, "B"] | None]:
  """`count` arrays of keys, each still one key a sentence."""
  if keys_B is None:
    return [None] * count
  return [jax.vmap(lambda key, i=i: jax.random.fold_in(key, i))(keys_B) for i in range(count)]
