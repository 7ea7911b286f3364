"""The paper's order: attention looks from the last state, then the word and the context move it."""

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from nmt.models.cells import base as cells
from nmt.models.initializers import Initializers, blocks
from nmt.models.layers import make as make_cell
from nmt.models.orders._gate import make, scaled
from nmt.models.orders.base import Attend, Seen, State
from nmt.models.orders.base import Decoder as Base
from nmt.options import choice
from nmt.refusals import NO_PRODUCT, one_of, refuses

OPTIONS = {
  "state": choice(
    "previous",
    ("previous", "current"),
    "the state that the readout sees: previous (the paper's appendix) | current (its section 3.1)",
  ),
}
REFUSES = (
  refuses(
    "model.cell",
    NO_PRODUCT,
    "the target's share is a share of that product",
    one_of("model.order.gate", "target", "both"),
  ),
)


class Decoder(Base):
  """c_i, alpha_i = attention(s_{i-1}, H);  s_i = cell(s_{i-1}, W E y_{i-1} + b + C c_i).

  Bahdanau et al. (2015), appendix A.2.2. With a context gate (Tu et al., 2017), in which U stands
  for each product of the cell with its state, and W, C, b and the gate's z for each of its sums,

  z_i = sigmoid(W_z E y_{i-1} + U_z s_{i-1} + C_z c_i)
  gate=source:  W E y_{i-1} + U s_{i-1} + z_i * C c_i + b
  gate=target:  z_i * (W E y_{i-1} + U s_{i-1}) + C c_i + b
  gate=both:    (1 - z_i) * (W E y_{i-1} + U s_{i-1}) + z_i * C c_i + b

  In a stack of cells that is the lowest one, into which the context comes; s_{i-1} of the gate is
  the state that attention looks from.
  """

  gate_words = True  # whether the gate is given the word beside the state

  def extend(self, model: ConfigDict, context: int, initial: Initializers) -> None:
    self.previous = model.order.state == "previous"
    # C is drawn before the cell: a seed gives the same parameters as ever.
    sums = cells.find(model).sums + (model.order.gate != "none")  # [C C_z]
    self.C = nnx.Param(blocks(initial.dense, sums)((context, sums * model.size)))
    self.cell = make_cell(model, model.embedding, initial)
    self.gate = make(model, self.gate_words, initial)

  def project(self, E_y: Float[Array, "*rows M"]) -> Float[Array, "*rows G"]:
    if self.gate is None:
      return super().project(E_y)
    return jnp.concatenate([self.cell.multiply(E_y), self.gate.words(E_y)], axis=-1)

  def advance(self, state: State, x_BxG: Float[Array, "B G"], attend: Attend) -> tuple[State, Seen]:
    last = self.cell.output(state["cell"])
    glance, c = attend(last)
    if self.gate is None:
      after = self.cell(state["cell"], x_BxG + c)
    else:
      n = self.size
      target, source = self.gate(last, c[:, -n:], x_BxG[:, -n:])
      sums = scaled(x_BxG[:, :-n], target) + scaled(c[:, :-n], source)
      after = self.cell(state["cell"], self.cell.given(sums), target)
    return {"cell": after}, Seen(last if self.previous else self.cell.output(after), glance)
