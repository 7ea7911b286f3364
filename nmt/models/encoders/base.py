"""What an encoder is, and the run of a cell over a padded batch that most encoders need."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Int, Key

from nmt.models import late
from nmt.models.cells.base import Cell, Stack, State
from nmt.models.linear import LinearCell


class Annotations(NamedTuple):
  """The notes on a source: h_BxJxD, and summary_BxN, from which the decoder's state starts."""

  h_BxJxD: Float[Array, "B J D"]
  summary_BxN: Float[Array, "B N"]


class Encoder(nnx.Module):
  """Take notes on each word: (source_BxJ, real_BxJ, keys_B) -> Annotations.

  width: D, that of an annotation; summary_width: that of the summary. forward_width: how many of
  the first columns of an annotation are a state that has read the sentence up to there; RNNencdec
  takes them at the last word.
  Padding changes no real annotation, nor the summary.
  """

  width: int
  summary_width: int
  forward_width: int

  def __call__(
    self,
    source_BxJ: Int[Array, "B J"],
    real_BxJ: Bool[Array, "B J"],
    keys_B: Key[Array, "B"] | None = None,
  ) -> Annotations:
    """The notes; `keys_B`, one key a sentence, switch dropout on."""
    raise TypeError(f"{type(self).__module__} has no __call__")


def run(
  cell: Cell | Stack,
  x_JxBxM: Float[Array, "J B M"],
  real_JxB: Bool[Array, "J B"],
  reverse: bool = False,
) -> tuple[Float[Array, "J B N"], Float[Array, "B N"]]:
  """All outputs h_JxBxn of a cell that starts at 0, layer by layer, and its last output.

  Padding holds the state: backwards, a cell starts at the last real word, and forwards its last
  output is that of the last real word.
  """

  def step(
    cell: Cell, state: State, inputs: tuple[Float[Array, "B G"], Bool[Array, "B 1"]]
  ) -> tuple[State, Float[Array, "B N"]]:
    x, real = inputs
    state = jax.tree.map(lambda new, old: jnp.where(real, new, old), cell(state, x), state)
    return state, cell.output(state)

  state: State
  for layer in cell.layers:
    x_JxBxG = layer.project(x_JxBxM)
    begin = layer.begin(x_JxBxG[0])
    if isinstance(layer, LinearCell):
      x_JxBxM, state = layer.run(begin, x_JxBxG, real_JxB, reverse)
      continue
    inputs = x_JxBxG, real_JxB[:, :, None]
    state, x_JxBxM = late.scan(step, layer, begin, inputs, reverse)
  return x_JxBxM, layer.output(state)
