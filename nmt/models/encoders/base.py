"""What an encoder is, and the run of a cell over a padded batch that most encoders need."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Int, Key

from nmt.models import late
from nmt.models.cells.base import Cell, State
from nmt.models.dropout import split
from nmt.models.layers import Stack, Transition
from nmt.models.linear import at_once


class Annotations(NamedTuple):
  """The notes on a source: h_BxJxD, and summary_BxN, from which the decoder's state starts.

  values_BxJxD: what contexts are averages of, if that is anything else than h.
  """

  h_BxJxD: Float[Array, "B J D"]
  summary_BxN: Float[Array, "B N"]
  values_BxJxD: Float[Array, "B J D"] | None = None


class Encoder(nnx.Module):
  """Take notes on each word: (source_BxJ, real_BxJ, keys_B) -> Annotations.

  width: D, that of an annotation; summary_width: that of the summary. forward_width: how many of
  the first columns of an annotation are a state that has read the sentence up to there, or 0 if no
  state has; RNNencdec takes them at the last word, or at the first one if `ends_at_first`.
  Padding changes no real annotation, nor the summary.
  """

  E_x: nnx.Param[Any]  # vectors of the source's words
  width: int
  summary_width: int
  forward_width: int
  ends_at_first = False

  def __call__(
    self,
    source_BxJ: Int[Array, "B J"],
    real_BxJ: Bool[Array, "B J"],
    keys_B: Key[Array, "B"] | None = None,
  ) -> Annotations:
    """The notes; `keys_B`, one key a sentence, switch dropout on."""
    raise TypeError(f"{type(self).__module__} has no __call__")


def mean(h_BxJxD: Float[Array, "B J D"], real_BxJ: Bool[Array, "B J"]) -> Float[Array, "B D"]:
  """The mean over real words, BxD; zeros if there is none."""
  total = jnp.where(real_BxJ[:, :, None], h_BxJxD, 0).sum(axis=1)
  return total / jnp.maximum(real_BxJ.sum(axis=1, keepdims=True), 1)


def at(place: str, real_BxJ: Bool[Array, "B J"]) -> Bool[Array, "B J"]:
  """Whether each position (BxJ) is the "first" or "last" word of its sentence."""
  position = jnp.arange(real_BxJ.shape[1], dtype=jnp.int32)[None]
  if place == "first":
    return real_BxJ & (position == 0)
  return position + 1 == real_BxJ.sum(axis=1, keepdims=True, dtype=jnp.int32)


def pick(h_BxJxD: Float[Array, "B J D"], place_BxJ: Bool[Array, "B J"]) -> Float[Array, "B D"]:
  """The annotation at the one place of each sentence, BxD; zeros if there is none."""
  return jnp.where(place_BxJ[:, :, None], h_BxJxD, 0).sum(axis=1)


def run(
  cell: Cell | Transition | Stack,
  x_JxBxM: Float[Array, "J B M"],
  real_JxB: Bool[Array, "J B"],
  reverse: bool = False,
  keys_B: Key[Array, "B"] | None = None,
) -> tuple[Float[Array, "J B N"], Float[Array, "B N"]]:
  """All outputs h_JxBxn of a cell that starts at 0, layer by layer, and its last output.

  Padding holds the state: backwards, a cell starts at the last real word, and forwards its last
  output is that of the last real word. `keys_B` are for what the cell draws.
  """

  def step(
    cell: Cell | Transition, state: State, inputs: tuple[Float[Array, "B G"], Bool[Array, "B 1"]]
  ) -> tuple[State, Float[Array, "..."]]:
    x, real_Bx1 = inputs

    def hold(new: Any, old: Any) -> Any:
      return jnp.where(real_Bx1.reshape(-1, *[1] * (new.ndim - 1)), new, old)

    state = jax.tree.map(hold, cell(state, x), state)
    return state, cell.output(state)

  outputs: list[tuple[Float[Array, "..."], Float[Array, "..."]]] = []
  count = len(cell.layers)
  keys_of, below_keys = split(keys_B, count), split(keys_B, 2 * count)[count:]
  for layer, keys, below in zip(cell.layers, keys_of, below_keys, strict=True):
    if outputs:
      x_JxBxM = outputs[-1][0]
    if outputs and isinstance(cell, Stack):
      x_JxBxM = cell.rates.below(below, x_JxBxM)
    x_JxBxG = layer.project(x_JxBxM)
    begin = layer.drawing(layer.begin(x_JxBxG[0]), keys)
    if at_once(layer):
      h_JxBxn, state = layer.run(begin, x_JxBxG, real_JxB, reverse)
    else:
      inputs = x_JxBxG, real_JxB[:, :, None]
      state, h_JxBxn = late.scan(step, layer, begin, inputs, reverse)
    both = h_JxBxn, layer.output(state)
    if outputs and isinstance(cell, Stack):
      both = cell.above(outputs[-1][0], both[0]), cell.above(outputs[-1][1], both[1])
    outputs.append(both)
  return outputs[-1]
