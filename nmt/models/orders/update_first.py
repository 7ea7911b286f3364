"""Luong's order: the word moves the state, and attention looks from where it has come to."""

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from nmt.models import linear
from nmt.models.cells import base as cells
from nmt.models.initializers import Initializers, blocks
from nmt.models.layers import make as make_cell
from nmt.models.orders._gate import make, scaled
from nmt.models.orders.base import Attend, AttendFromAll, Seen, State
from nmt.models.orders.base import Decoder as Base
from nmt.models.products import affine
from nmt.options import switch

OPTIONS = {
  "input_feeding": switch(True, "the attentional state goes into the next step, beside the word"),
}


class Decoder(Base):
  """Luong et al. (2015): section 3, equation 5 and, for input feeding, section 3.3.

  s_i = cell(s_{i-1}, W E y_{i-1} + F h~_{i-1} + b);  c_i, alpha_i = attention(s_i, H)
  h~_i = tanh(C c_i + U_h s_i)         the paper's W_c [c ; s], with W_c = [C U_h]

  The readout sees the attentional state h~; h~_0 = 0, and without input feeding there is no F.

  A context gate z_i = sigmoid(U_z s_i + C_z c_i), which knows the word from s_i, scales C c_i
  (source), U_h s_i (target), or both as in `attend_first`. Tu et al. (2017) have no such order: it
  is the place where source and target meet.
  """

  shows_context = True

  def extend(self, model: ConfigDict, context: int, initial: Initializers) -> None:
    n = model.size
    columns = 1 if model.order.gate == "none" else 2  # [C C_z]
    self.C = nnx.Param(blocks(initial.dense, columns)((context, columns * n)))
    self.U_h = nnx.Param(initial.dense((n, n)))
    self.cell = make_cell(model, model.embedding, initial)
    sums = cells.find(model).sums
    feed = blocks(initial.dense, sums)
    self.F = nnx.Param(feed((n, sums * n))) if model.order.input_feeding else None
    self.gate = make(model, False, initial)

  def begin(self, s_BxN: Float[Array, "B N"]) -> State:
    fed = {} if self.F is None else {"h": jnp.zeros_like(s_BxN)}
    return super().begin(s_BxN) | fed

  def advance(self, state: State, x_BxG: Float[Array, "B G"], attend: Attend) -> tuple[State, Seen]:
    if self.F is not None:
      x_BxG = x_BxG + affine(self.product, state["h"], self.F[...])
    after = self.cell(state["cell"], x_BxG)
    s = self.cell.output(after)
    glance, c = attend(s)
    h = self.shown(s, c)
    return {"cell": after} | ({} if self.F is None else {"h": h}), Seen(
      s if self.attention.mixes else h, glance
    )

  def shown(
    self, s: Float[Array, "#*rows N"], c: Float[Array, "#*rows G"] | None
  ) -> Float[Array, "#*rows N"]:
    """h~ of that context."""
    assert c is not None
    target = affine(self.product, s, self.U_h[...])
    if self.gate is None:
      return jnp.tanh(c + target)
    n = self.size
    of_target, of_source = self.gate(s, c[..., n:])
    return jnp.tanh(scaled(c[..., :n], of_source) + scaled(target, of_target))

  def together(
    self, state: State, x_TxBxG: Float[Array, "T B G"], attend: AttendFromAll
  ) -> Seen | None:
    """With a linear cell and no feedback there is no loop over the words."""
    s_TxBxN = None if self.F is not None else linear.run(self.cell, state["cell"], x_TxBxG)
    if s_TxBxN is None:
      return None
    glance, c = attend(s_TxBxN)
    return Seen(s_TxBxN if self.attention.mixes else self.shown(s_TxBxN, c), glance)
