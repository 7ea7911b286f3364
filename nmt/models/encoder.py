"""Source words -> annotations."""

import jax
import jax.numpy as jnp
from flax import nnx
from ml_collections import ConfigDict

from nmt import kinds
from nmt.models import late
from nmt.models.cells.gru import GRU
from nmt.models.dropout import dropout
from nmt.models.initializers import Initializers


class Encoder(nnx.Module):
  """Take notes on each word, looking at the words around it.

  H = BiRNN(x): h_j = [h_j forward ; h_j backward], both directions over one embedding E_x.
  """

  def __init__(self, model: ConfigDict, words: int, start: Initializers):
    cell = kinds.find("model.cell", model.cell.kind).GRU
    self.rate = model.dropout.embedding
    self.E_x = nnx.Param(start.embedding((words, model.embedding)))
    self.forward = cell(model.embedding, model.size, model.precision, start)
    self.backward = cell(model.embedding, model.size, model.precision, start)

  def __call__(
    self, source_BxJ: jax.Array, real_BxJ: jax.Array, keys_B: jax.Array | None = None
  ) -> tuple[jax.Array, jax.Array]:
    """Annotations h_BxJx2n and hb_1_Bxn, the backward state at the first word.

    Padding holds the state: the backward direction starts at the last real word, and the forward
    state at the last position is that of the last real word.
    """
    embedded = dropout(keys_B, self.rate, self.E_x[...][source_BxJ]).swapaxes(0, 1)
    real_JxBx1 = real_BxJ.T[:, :, None]
    forward, _ = run(self.forward, embedded, real_JxBx1)
    backward, first = run(self.backward, embedded, real_JxBx1, reverse=True)
    return jnp.concatenate([forward, backward], axis=-1).swapaxes(0, 1), first


def run(
  cell: GRU,
  x_JxBxM: jax.Array,
  real_JxBx1: jax.Array,
  reverse: bool = False,
) -> tuple[jax.Array, jax.Array]:
  """All states h_JxBxn of a cell that starts at 0, and its last one."""
  x_JxBxG = cell.project(x_JxBxM)

  def step(cell, _, h, inputs):
    x, real = inputs
    h = jnp.where(real, cell(h, x), h)
    return h, h

  h_0 = jnp.zeros_like(x_JxBxG[0, :, : x_JxBxG.shape[-1] // cell.blocks])
  last, h_JxBxN = late.scan(step, cell, {}, (), h_0, (x_JxBxG, real_JxBx1), late.loop, reverse)
  return h_JxBxN, last
