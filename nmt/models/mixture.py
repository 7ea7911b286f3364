"""A word that is a mixture over source words: one readout for each, some positions at a time."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Shaped

from nmt.models.late import Product

NEVER = np.float32(-1e30)  # the logarithm of 0; finite, so that gradients are finite, too
LEAST = 1e-30  # a probability that is not larger is taken for 0

_NUMBERS = 1 << 23  # logits in memory at a time: positions x source words x vocabulary


Notes = dict[str, Any]


class Mixture(NamedTuple):
  """What p(y_i) = sum_j alpha_ij softmax(W_o t_ij + b_o) is made of (`Decoder.each` makes t_ij).

  The features t_BxTxJxl themselves would be J times as many as those of a mean context, and their
  logits V / l times as many again, so neither is ever whole in memory: see `by_chunks`.

  notes: by reader, "scratchpad" or "readout", its matrix times each annotation (BxJxG), or None.
  log_alpha: BxTxJ; NEVER for source words that take no part.
  s: the state (BxTxn) that attended, or what else the order makes the readout's input from.
  words: what the readout's `project` gives, with B and T first.
  kept: BxTxl, what dropout multiplies the features of a position by, or None.
  """

  notes: Notes
  log_alpha: Float[Array, "B T J"]
  s: Float[Array, "B T N"]
  words: Any
  kept: Float[Array, "B T L"] | None

  def at(self, z_BxT: Int[Array, "B T"]) -> Notes:
    """The notes on one source word of each position, BxTxG."""
    z_BxTx1 = z_BxT[:, :, None]
    notes: Notes = jax.tree.map(lambda c: jnp.take_along_axis(c, z_BxTx1, axis=1), self.notes)
    return notes

  def averaged(self, product: Product) -> Notes:
    """The mean of the notes under alpha, BxTxG: what other mechanisms read."""
    alpha = jnp.exp(self.log_alpha)
    notes: Notes = jax.tree.map(lambda c: product("btj,bjg->btg", alpha, c), self.notes)
    return notes

  def largest(self, count: int) -> "Mixture":
    """The same for T = 1, with the `count` source words of largest alpha alone; 0: all of them."""
    if not count or count >= self.log_alpha.shape[2]:
      return self
    log_alpha, at_BxK = jax.lax.top_k(self.log_alpha[:, 0], count)
    rows = jnp.arange(at_BxK.shape[0], dtype=jnp.int32)[:, None]
    notes = jax.tree.map(lambda c: c[rows, at_BxK], self.notes)
    return self._replace(notes=notes, log_alpha=log_alpha[:, None])


class Given(NamedTuple):
  """Of each target word y_i: log p(y_i), whether it is the likeliest word, and more.

  uniform: mean_v -log p(v), for label smoothing; each: log p(y_i | s_i, h_j) of all source words j.
  """

  log_p: Float[Array, "B T"]
  right: Bool[Array, "B T"]
  uniform: Float[Array, "B T"]
  each: Float[Array, "B T J"]


LogPEach = Callable[[Mixture], Float[Array, "B T J V"]]  # log p(. | s_i, h_j) of a part


def logarithm(alpha: Float[Array, "*rows J"]) -> Float[Array, "*rows J"]:
  """log alpha, and NEVER without a gradient where alpha is at most `LEAST`."""
  some = alpha > LEAST
  return jnp.where(some, jnp.log(jnp.where(some, alpha, 1)), NEVER)


def takes_part(log_alpha: Float[Array, "*rows J"]) -> Bool[Array, "*rows J"]:
  """Which source words take part in a mixture."""
  return log_alpha > NEVER / 2


def mixed(
  log_alpha: Float[Array, "*rows J"], log_p: Float[Array, "*rows J V"]
) -> Float[Array, "*rows V"]:
  """log sum_j alpha_j p_j(v)."""
  return jax.nn.logsumexp(log_alpha[..., None] + log_p, axis=-2)


def whole(log_p_each: LogPEach, mixture: Mixture, vocabulary: int) -> Float[Array, "B T V"]:
  """log p of all words of the vocabulary."""
  log_p: Float[Array, "B T V"] = by_chunks(
    lambda part: mixed(part.log_alpha, log_p_each(part)), mixture, vocabulary
  )
  return log_p


def of_words(
  log_p_each: LogPEach, mixture: Mixture, vocabulary: int, y_BxT: Int[Array, "B T"]
) -> Given:
  """What is said of the words y_BxT; of padding too, which is for the caller to leave out."""

  def some(part: Mixture, y: Int[Array, "B T"]) -> Given:
    every = log_p_each(part)
    each = jnp.take_along_axis(every, y[:, :, None, None], axis=3)[..., 0]
    log_p = mixed(part.log_alpha, every)
    chosen = jnp.take_along_axis(log_p, y[:, :, None], axis=2)[..., 0]
    right = chosen >= jax.lax.stop_gradient(log_p.max(axis=2))
    return Given(chosen, right, -log_p.mean(axis=2), each)

  found: Given = by_chunks(some, mixture, vocabulary, y_BxT)
  return found


def by_chunks(
  function: Callable[..., Any],
  mixture: Mixture,
  vocabulary: int,
  *others: Shaped[Array, "B T *rest"],
) -> Any:
  """function(part, *parts of others) of some positions after the other, put together again.

  A part is bxt of the BxT positions, and all that the function gives must have these axes first.
  It is computed once more for the gradient, so that only one part's logits are ever in memory.
  """
  B, T, J = mixture.log_alpha.shape
  positions = max(1, _NUMBERS // (J * vocabulary))
  t = _even(T, positions)
  b = _even(B, max(1, positions // t))
  function = jax.checkpoint(function)

  def some_sentences(inputs: tuple[Any, Any]) -> Any:
    notes, steps = inputs

    def some_steps(steps: Any) -> Any:
      part, others = steps
      return function(part._replace(notes=notes), *others)

    steps = jax.tree.map(lambda x: _cut(x.swapaxes(0, 1), t).swapaxes(1, 2), steps)
    found = jax.lax.map(some_steps, steps)
    return jax.tree.map(lambda x: _join(x.swapaxes(1, 2), T).swapaxes(0, 1), found)

  steps = mixture._replace(notes={}), others
  cut = jax.tree.map(lambda x: _cut(x, b), (mixture.notes, steps))
  return jax.tree.map(lambda x: _join(x, B), jax.lax.map(some_sentences, cut))


def _even(count: int, most: int) -> int:
  """The size of as few chunks of at most so many as `count` needs, all about equally large."""
  return -(-count // -(-count // most))


def _cut(x: Shaped[Array, "N *rest"], size: int) -> Shaped[Array, "chunks C *rest"]:
  missing = -x.shape[0] % size
  x = jnp.pad(x, [(0, missing)] + [(0, 0)] * (x.ndim - 1))
  return x.reshape(-1, size, *x.shape[1:])


def _join(x: Shaped[Array, "chunks C *rest"], count: int) -> Shaped[Array, "N *rest"]:
  return x.reshape(-1, *x.shape[2:])[:count]
