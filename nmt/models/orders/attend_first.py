"""The paper's order: attention looks from the last state, then the word and the context move it."""

from flax import nnx
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from nmt.models.cells import base as cells
from nmt.models.initializers import Initializers, blocks
from nmt.models.orders.base import Attend, Seen, State
from nmt.models.orders.base import Decoder as Base
from nmt.options import choice

OPTIONS = {
  "state": choice(
    "previous",
    ("previous", "current"),
    "the state that the readout sees: previous (the paper's appendix) | current (its section 3.1)",
  ),
}


class Decoder(Base):
  """c_i, alpha_i = attention(s_{i-1}, H);  s_i = cell(s_{i-1}, W E y_{i-1} + b + C c_i).

  Bahdanau et al. (2015), appendix A.1.2.
  """

  def extend(self, model: ConfigDict, context: int, initial: Initializers) -> None:
    self.previous = model.order.state == "previous"
    # C is drawn before the cell: a seed gives the same parameters as ever.
    sums = cells.find(model).sums
    self.C = nnx.Param(blocks(initial.dense, sums)((context, sums * model.size)))
    self.cell = cells.make(model, model.embedding, initial)

  def advance(self, state: State, x_BxG: Float[Array, "B G"], attend: Attend) -> tuple[State, Seen]:
    last = self.cell.output(state["cell"])
    glance, c = attend(last)
    after = self.cell(state["cell"], x_BxG + c)
    return {"cell": after}, Seen(last if self.previous else self.cell.output(after), glance)
