"""Additive attention that keeps a small recurrent state of each source word."""

from typing import Any

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float
from ml_collections import ConfigDict

from nmt.models.attention.additive import Attention as Additive
from nmt.models.attention.additive import match_with
from nmt.models.attention.base import Memory
from nmt.models.cells.gru import Cell
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers, blocks
from nmt.models.products import affine
from nmt.options import count
from nmt.refusals import SCORES

OPTIONS = {
  "size": count(1000, "n', width of the layer that compares a state with an annotation"),
  "coverage_size": count(10, "d, width of the coverage of a word"),
}
TRAITS = (SCORES,)


class Attention(Additive):
  """The neural coverage model of Tu et al. (2016), section 3.1, with gates.

  k_1j = 0;  k_{i+1,j} = GRU(k_ij; alpha_ij, h_j, s_i), a vector of d numbers for each word
  e_ij = v_a^T tanh(W_a s_i + U_a h_j + V_a k_ij + b_a)

  s_i is the state that looks. The GRU is that of model.cell.kind=gru, without layer normalisation;
  its sums from outside are W_h h_j + W_s s_i + w alpha_ij + b.
  """

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    d = model.attention.coverage_size
    self.V_a = nnx.Param(initial.attention((d, model.attention.size)))
    self.W_h = nnx.Param(blocks(initial.dense, Cell.sums)((encoder.width, Cell.sums * d)))
    self.W_s = nnx.Param(blocks(initial.dense, Cell.sums)((model.size, Cell.sums * d)))
    self.w = nnx.Param(blocks(initial.dense, Cell.sums)((1, Cell.sums * d)))
    own = model.copy_and_resolve_references()
    own.size, own.cell.layer_norm = d, False
    self.cell = Cell(own, None, initial)

  def remember(self, h_BxJxD: Float[Array, "B J D"], real_BxJ: Bool[Array, "B J"]) -> Memory:
    notes = affine(self.product, h_BxJxD, self.W_h[...])
    return super().remember(h_BxJxD, real_BxJ) | {"notes": notes}

  def begin(self, memory: Memory) -> Any:
    return jnp.zeros_like(memory["notes"][:, :, : self.cell.size])

  def energies(self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any) -> Float[Array, "B J"]:
    query = self.product("bn,na->ba", s_BxN, self.W_a[...])
    return match_with(self.product, memory["keys"], query, self.v_a[...], carry, self.V_a[...])

  def next_carry(
    self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any, alpha_BxJ: Float[Array, "B J"]
  ) -> Any:
    state = affine(self.product, s_BxN, self.W_s[...])
    x = memory["notes"] + state[:, None] + alpha_BxJ[:, :, None] * self.w[...][None]
    words = carry.reshape(-1, carry.shape[2])  # each word of each sentence is a row of the cell
    after = self.cell(words, self.cell.given(x.reshape(-1, x.shape[2])))
    return after.reshape(carry.shape)
