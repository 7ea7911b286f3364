"""Additive energies of all steps at once, sentence by sentence.

The energies e_TxBxJ are sums over A of v * tanh(key_BxJxA + query_TxBxA). Made at once, the tanh is
TxBxJxA, written to memory and read again, and so is its gradient; of one sentence, TxJxA stays in a
processor's cache. On a CPU the sentences therefore take turns, with which encoder and decoder train
twice as fast (docs/speed.md); elsewhere they are made at once, and no program has a loop over the
steps.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

Keys = Float[Array, "B J A"]
Queries = Float[Array, "T B A"]
Vector = Float[Array, "A"]
Energies = Float[Array, "T B J"]
One = Float[Array, "_ A"]  # of one sentence


@jax.custom_vjp
def match_all(keys_BxJxA: Keys, query_TxBxA: Queries, v_A: Vector) -> Energies:
  """e_TxBxJ = v^T tanh(key + query); the gradient computes tanh anew."""

  def energies(keys_JxA: One, query_TxA: One) -> Float[Array, "T J"]:
    return jnp.einsum("tja,a->tj", jnp.tanh(keys_JxA[None] + query_TxA[:, None]), v_A)

  e_BxTxJ: Float[Array, "B T J"] = _by_sentence(energies, keys_BxJxA, query_TxBxA.swapaxes(0, 1))
  return e_BxTxJ.swapaxes(0, 1)


_Saved = tuple[Keys, Queries, Vector]


def _forward(keys: Keys, query: Queries, v: Vector) -> tuple[Energies, _Saved]:
  return match_all(keys, query, v), (keys, query, v)


def _backward(saved: _Saved, gradient: Energies) -> _Saved:
  keys, query, v = saved

  def sums(
    keys_JxA: One, query_TxA: One, gradient_TxJ: Float[Array, "T J"]
  ) -> tuple[One, One, Vector]:
    tanh = jnp.tanh(keys_JxA[None] + query_TxA[:, None])
    slope = 1 - tanh * tanh
    to_keys = jnp.einsum("tj,tja->ja", gradient_TxJ, slope)
    to_query = jnp.einsum("tj,tja->ta", gradient_TxJ, slope)
    to_v = jnp.einsum("n,na->a", gradient_TxJ.reshape(-1), tanh.reshape(-1, tanh.shape[-1]))
    return to_keys, to_query, to_v

  by_sentence = keys, query.swapaxes(0, 1), gradient.swapaxes(0, 1)
  to_keys, to_query, to_v = _by_sentence(sums, *by_sentence)
  return to_keys * v[None, None], to_query.swapaxes(0, 1) * v[None, None], to_v.sum(axis=0)


match_all.defvjp(_forward, _backward)


def _by_sentence(function: Callable[..., Any], *arrays: Float[Array, "B ..."]) -> Any:
  """The results of a function for each row of some arrays."""
  return lax.platform_dependent(
    *arrays,
    cpu=lambda *rows: lax.map(lambda row: function(*row), rows),
    default=lambda *rows: jax.vmap(function)(*rows),
  )
