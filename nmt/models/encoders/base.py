"""What an encoder is, and the run of a cell over a padded batch that most encoders need."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from nmt.models import late
from nmt.models.cells.base import Cell, Stack, State, Transition
from nmt.models.dropout import split


class Annotations(NamedTuple):
  """The notes on a source: h_BxJxD, and summary_BxN, from which the decoder's state starts.

  values_BxJxD: what contexts are averages of, if that is anything else than h.
  """

  h_BxJxD: jax.Array
  summary_BxN: jax.Array
  values_BxJxD: jax.Array | None = None


class Encoder(nnx.Module):
  """Take notes on each word: (source_BxJ, real_BxJ, keys_B) -> Annotations.

  width: D, that of an annotation; summary_width: that of the summary. forward_width: how many of
  the first columns of an annotation are a state that has read the sentence up to there, or 0 if no
  state has; RNNencdec takes them at the last word, or at the first one if `ends_at_first`.
  Padding changes no real annotation, nor the summary.
  """

  width: int
  summary_width: int
  forward_width: int
  ends_at_first = False

  def __call__(
    self, source_BxJ: jax.Array, real_BxJ: jax.Array, keys_B: jax.Array | None = None
  ) -> Annotations:
    """The notes; `keys_B`, one key a sentence, switch dropout on."""
    raise TypeError(f"{type(self).__module__} has no __call__")


def mean(h_BxJxD: jax.Array, real_BxJ: jax.Array) -> jax.Array:
  """The mean over real words, BxD; zeros if there is none."""
  total = jnp.where(real_BxJ[:, :, None], h_BxJxD, 0).sum(axis=1)
  return total / jnp.maximum(real_BxJ.sum(axis=1, keepdims=True), 1)


def at(place: str, real_BxJ: jax.Array) -> jax.Array:
  """Whether each position (BxJ) is the "first" or "last" word of its sentence."""
  position = jnp.arange(real_BxJ.shape[1], dtype=jnp.int32)[None]
  if place == "first":
    return real_BxJ & (position == 0)
  return position + 1 == real_BxJ.sum(axis=1, keepdims=True, dtype=jnp.int32)


def pick(h_BxJxD: jax.Array, place_BxJ: jax.Array) -> jax.Array:
  """The annotation at the one place of each sentence, BxD; zeros if there is none."""
  return jnp.where(place_BxJ[:, :, None], h_BxJxD, 0).sum(axis=1)


def run(
  cell: Cell | Transition | Stack,
  x_JxBxM: jax.Array,
  real_JxB: jax.Array,
  reverse: bool = False,
  keys_B: jax.Array | None = None,
) -> tuple[jax.Array, jax.Array]:
  """All outputs h_JxBxn of a cell that starts at 0, layer by layer, and its last output.

  Padding holds the state: backwards, a cell starts at the last real word, and forwards its last
  output is that of the last real word. `keys_B` are for what the cell draws.
  """

  def step(
    cell: Cell | Transition, state: State, inputs: tuple[jax.Array, jax.Array]
  ) -> tuple[State, jax.Array]:
    x, real_Bx1 = inputs

    def hold(new: jax.Array, old: jax.Array) -> jax.Array:
      return jnp.where(real_Bx1 if new.ndim > 1 else real_Bx1[:, 0], new, old)  # or keys_B

    state = jax.tree.map(hold, cell(state, x), state)
    return state, cell.output(state)

  outputs: list[tuple[jax.Array, jax.Array]] = []
  for layer, keys in zip(cell.layers, split(keys_B, len(cell.layers)), strict=True):
    x_JxBxG = layer.project(outputs[-1][0] if outputs else x_JxBxM)
    begin = layer.drawing(layer.begin(x_JxBxG[0]), keys)
    inputs = x_JxBxG, real_JxB[:, :, None]
    state, h_JxBxn = late.scan(step, layer, begin, inputs, reverse)
    both = h_JxBxn, layer.output(state)
    if outputs and isinstance(cell, Stack):
      both = cell.above(outputs[-1][0], both[0]), cell.above(outputs[-1][1], both[1])
    outputs.append(both)
  return outputs[-1]
