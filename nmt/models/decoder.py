"""Annotations and target words -> what the readout needs, step by step or all steps at once."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from ml_collections import ConfigDict

from nmt import kinds
from nmt.errors import UserError
from nmt.models import late
from nmt.models.attention.base import Memory
from nmt.models.dropout import dropout, split
from nmt.models.initializers import Initializers, blocks, zeros
from nmt.models.products import affine, product
from nmt.models.readout import Readout

State = dict[str, Any]


class Decoder(nnx.Module):
  """Update the scratchpad: s_i = ScratchpadNN(y_{i-1}, c_i, s_{i-1}), from the cheat sheet c_i.

  s_0 = tanh(W_s hb_1 + b_s);  c_i, alpha_i = attention(s_{i-1}, H)
  s_i = cell(s_{i-1}, [W_z W_r W] E y_{i-1} + b + [C_z C_r C] c_i)

  conditional (Nematus: Sennrich et al., 2017, section 2; with the paper's cells): the word comes
  first, so that attention knows it.

  s'_i = cell(s_{i-1}, [W_z W_r W] E y_{i-1} + b);  c_i, alpha_i = attention(s'_i, H)
  s_i = second(s'_i, [C_z C_r C] c_i + b')

  C c_i = sum_j alpha_ij (C h_j), and C_o c_i of the readout likewise: both matrices multiply the
  annotations, once a sentence, and no context. The memory is {"scratchpad": the mechanism's, with
  values C h_j; "readout": C_o h_j}.
  """

  def __init__(self, model: ConfigDict, words: int, start: Initializers):
    cell = kinds.find("model.cell", model.cell.kind).GRU
    mechanism = kinds.find("model.attention", model.attention.kind).Attention
    if model.order.kind == "update_first":
      raise UserError("model.order.kind=update_first is not there yet")
    n, width = model.size, mechanism.width(model)
    self.product = product(model.precision)
    self.previous = model.order.state == "previous"
    self.tie = model.tie
    self.rates = model.dropout.embedding, model.dropout.readout
    self.E_y = nnx.Param(start.embedding((words, model.embedding)))
    self.W_s = nnx.Param(start.dense((n, n)))
    self.b_s = nnx.Param(zeros((n,)))
    self.C = nnx.Param(blocks(start.dense, cell.blocks)((width, cell.blocks * n)))
    self.cell = cell(model.embedding, n, model.precision, start)
    self.conditional = model.order.kind == "conditional"
    if self.conditional:
      self.second = cell(None, n, model.precision, start)
    self.attention = mechanism(model, start)
    self.readout = Readout(model, width, words, start)

  def start(self, h_BxJxD: jax.Array, real_BxJ: jax.Array, first_BxN: jax.Array):
    """Memory of the source and the state before the first word; `first_BxN` is hb_1."""
    memory = self.attention.precompute(h_BxJxD, real_BxJ)
    s_0 = jnp.tanh(affine(self.product, first_BxN, self.W_s[...], self.b_s[...]))
    state = {"s": s_0, "attention": self.attention.begin(memory)}
    values = memory["values"]
    scratchpad = memory | {"values": affine(self.product, values, self.C[...])}
    return {"scratchpad": scratchpad, "readout": self.readout.values(values)}, state

  def update(
    self, memory: Memory, state: State, x_BxG: jax.Array
  ) -> tuple[State, tuple[jax.Array, jax.Array]]:
    """One step: the next state; s, the one that the readout sees, and alpha_i.

    `memory` is the scratchpad's, `x_BxG` the cell's projection of E y_{i-1}.
    """
    last = state["s"]
    before = self.cell(last, x_BxG) if self.conditional else last
    alpha, carry = self.attention(before, memory, state["attention"])
    c = self.attention.context(alpha, memory["values"])
    if self.conditional:
      s = self.second(before, c + self.second.b[...][None])
    else:
      s = self.cell(before, x_BxG + c)
    return {"s": s, "attention": carry}, (last if self.previous else s, alpha)

  def features(
    self, memory: Memory, state: State, y_BxT: jax.Array, keys_B: jax.Array | None = None
  ) -> tuple[jax.Array, jax.Array]:
    """t_BxTxl and alpha_BxTxJ for all steps, the previous words y_BxT being known (BOS first).

    Only what is recurrent is in the scan: words are projected before it, the readout comes after.
    """
    word_keys, readout_keys = split(keys_B, 2)
    words = dropout(word_keys, self.rates[0], self.E_y[...][y_BxT]).swapaxes(0, 1)

    scratchpad, inputs = memory["scratchpad"], self.cell.project(words)
    _, (s, alpha) = late.scan(
      Decoder.update, self, scratchpad, self.attention.late, state, inputs, late.loop
    )
    alpha = alpha.swapaxes(0, 1)
    c = self.attention.context(alpha, memory["readout"]).swapaxes(0, 1)
    t = self.readout(s, self.readout.project(words), c).swapaxes(0, 1)
    return dropout(readout_keys, self.rates[1], t), alpha

  def step(self, memory: Memory, state: State, y_B: jax.Array):
    """The state after one step, t_Bxl and alpha_BxJ, y_B being the previous word."""
    words = self.E_y[...][y_B]
    after, (s, alpha) = self.update(memory["scratchpad"], state, self.cell.project(words))
    c = self.attention.context(alpha, memory["readout"])
    return after, self.readout(s, self.readout.project(words), c), alpha

  def words(self) -> tuple[jax.Array, jax.Array]:
    """W_o (Vxl) and b_o (V)."""
    return self.readout.words(self.E_y[...] if self.tie else None)
