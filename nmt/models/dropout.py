"""Inverted dropout, one key a sentence, so that masks do not depend on how a batch is cut."""

from collections.abc import Sequence
from typing import NamedTuple, overload

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key
from ml_collections import ConfigDict

_WORD = 1 << 20  # folded into a key for masks of words: `split` never folds in as large a number


class Rates(NamedTuple):
  """`model.dropout`: shares of values that are dropped, and whether all positions share a mask.

  layer: of what a recurrent layer is given by the one below it (Zaremba et al., 2014). With one
  mask for all positions this is what Gal and Ghahramani (2016) do to inputs and outputs; products
  of a cell with its own state have no dropout here.
  """

  word: float
  embedding: float
  state: float
  readout: float
  layer: float
  one_mask: bool

  @classmethod
  def of(cls, model: ConfigDict) -> "Rates":
    return cls(*(model.dropout[name] for name in cls._fields))

  def any(self) -> bool:
    """Whether anything is dropped."""
    return any(self[:-1])

  def words(
    self, keys_B: Key[Array, "B"] | None, x_BxLxM: Float[Array, "B L M"]
  ) -> Float[Array, "B L M"]:
    """Vectors of words, of which some are dropped whole, and values of the others."""
    if self.word and keys_B is not None:
      word_keys = jax.vmap(jax.random.fold_in, (0, None))(keys_B, _WORD)
      x_BxLxM = dropout(word_keys, self.word, x_BxLxM, (x_BxLxM.shape[1], 1))
    return self.positions(keys_B, self.embedding, x_BxLxM)

  def positions(
    self, keys_B: Key[Array, "B"] | None, rate: float, x_BxLxM: Float[Array, "B L M"]
  ) -> Float[Array, "B L M"]:
    """One of the rates, applied to each position or to all alike."""
    return dropout(keys_B, rate, x_BxLxM, (1, x_BxLxM.shape[2]) if self.one_mask else None)

  def below(
    self, keys_B: Key[Array, "B"] | None, x_LxBxN: Float[Array, "L B N"]
  ) -> Float[Array, "L B N"]:
    """What a layer is given by the one below it, at all positions."""
    return self.positions(keys_B, self.layer, x_LxBxN.swapaxes(0, 1)).swapaxes(0, 1)

  def kept_below(self, keys_B: Key[Array, "B"], steps: int, size: int) -> Bool[Array, "T B N"]:
    """What `layer` keeps in each step, for layers that run step by step (`drop`)."""
    kept = draw(keys_B, self.layer, (1 if self.one_mask else steps, size)).swapaxes(0, 1)
    return jnp.broadcast_to(kept, (steps, *kept.shape[1:]))


def dropout(
  keys_B: Key[Array, "B"] | None,
  rate: float,
  x: Float[Array, "B *rest"],
  shape: tuple[int, ...] | None = None,
) -> Float[Array, "B *rest"]:
  """x * mask / (1 - rate), mask ~ Bernoulli(1 - rate) for each entry; x has B as its first axis.

  shape: of a sentence's mask, where that is 1 along an axis to be the same along it; else x's own.
  Without keys, or at rate 0, x itself.
  """
  if keys_B is None or rate == 0:
    return x
  return drop(draw(keys_B, rate, x.shape[1:] if shape is None else shape), rate, x)


def draw(keys_B: Key[Array, "B"], rate: float, shape: tuple[int, ...]) -> Bool[Array, "B *rest"]:
  """What is kept: Bernoulli(1 - rate) for each entry of that shape, and each sentence."""
  share = jnp.float32(1 - rate)  # of a type, so that masks are drawn the same in any precision
  kept: Bool[Array, "B *rest"]
  kept = jax.vmap(lambda key: jax.random.bernoulli(key, share, shape))(keys_B)
  return kept


def drop(kept: Bool[Array, "..."], rate: float, x: Float[Array, "..."]) -> Float[Array, "..."]:
  """x / (1 - rate) where it is kept, and 0 elsewhere."""
  return jnp.where(kept, x / (1 - rate), 0)


@overload
def split(keys_B: Key[Array, "B"], count: int) -> list[Key[Array, "B"]]: ...
@overload
def split(keys_B: Key[Array, "B"] | None, count: int) -> list[Key[Array, "B"] | None]: ...
def split(keys_B: Key[Array, "B"] | None, count: int) -> Sequence[Key[Array, "B"] | None]:
  """`count` arrays of keys, each still one key a sentence."""
  if keys_B is None:
    return [None] * count
  return [jax.vmap(lambda key, i=i: jax.random.fold_in(key, i))(keys_B) for i in range(count)]
