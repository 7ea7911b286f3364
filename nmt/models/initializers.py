"""How parameters start: as in the paper, or so that small models train fast."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
from jax.nn import initializers as jax_init

from nmt.errors import UserError

Initializer = Callable[[jax.Array, tuple[int, ...]], jax.Array]


@dataclass(frozen=True)
class Initializers:
  """One initializer for each role that a parameter can have; biases are always 0."""

  recurrent: Initializer  # square, from a state to itself
  dense: Initializer
  embedding: Initializer  # rows are words
  attention: Initializer  # W_a, U_a
  energy: Initializer  # v_a


def blocks(initializer: Initializer, count: int) -> Initializer:
  """Fused matrices [A_1 .. A_count] side by side, each started as if it were alone."""

  def fused(key, shape):
    *rows, columns = shape
    keys = jax.random.split(key, count)
    return jnp.concatenate([initializer(k, (*rows, columns // count)) for k in keys], axis=-1)

  return fused


def zeros(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
  return jnp.zeros(shape, jnp.float32)


def _normal(deviation: float) -> Initializer:
  return partial(_scaled_normal, deviation)


def _scaled_normal(deviation, key, shape):
  return deviation * jax.random.normal(key, shape, jnp.float32)


def _word_vectors(key, shape):
  return jax.random.normal(key, shape, jnp.float32) / jnp.sqrt(shape[-1])


def _energy_vector(key, shape):
  limit = jnp.sqrt(6 / (shape[0] + 1))
  return jax.random.uniform(key, shape, jnp.float32, -limit, limit)


# Section B.1: recurrent orthogonal; W_a, U_a ~ N(0, 0.001^2); v_a 0; the rest N(0, 0.01^2).
PAPER = Initializers(
  recurrent=jax_init.orthogonal(),
  dense=_normal(0.01),
  embedding=_normal(0.01),
  attention=_normal(0.001),
  energy=zeros,
)
# Glorot and Bengio (2010) for dense matrices, word vectors of expected length 1.
GLOROT = Initializers(
  recurrent=jax_init.orthogonal(),
  dense=jax_init.glorot_uniform(),
  embedding=_word_vectors,
  attention=jax_init.glorot_uniform(),
  energy=_energy_vector,
)
KINDS = {"paper": PAPER, "glorot": GLOROT}


def initializers(kind: str) -> Initializers:
  """The initializers of `model.init`; raises UserError for an unknown one."""
  if kind not in KINDS:
    raise UserError(f"model.init={kind!r} is unknown: choose {' or '.join(KINDS)}")
  return KINDS[kind]
