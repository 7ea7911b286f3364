"""The conditional order: the word comes first, so that attention knows it; then the context."""

from jaxtyping import Array, Float
from ml_collections import ConfigDict

from nmt.models.initializers import Initializers
from nmt.models.layers import make as make_cell
from nmt.models.orders._gate import scaled
from nmt.models.orders.attend_first import Decoder as AttendFirst
from nmt.models.orders.base import Attend, Seen, State
from nmt.options import choice
from nmt.refusals import NO_PRODUCT, one_of, refuses

OPTIONS = {
  "state": choice(
    "previous",
    ("previous", "current"),
    "the state that the readout sees, that of the step before or the one that the step ends in",
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


class Decoder(AttendFirst):
  """Two cells a step (Nematus: Sennrich et al., 2017, section 2; with the cells of this model).

  s'_i = cell(s_{i-1}, W E y_{i-1} + b);  c_i, alpha_i = attention(s'_i, H)
  s_i = second(s'_i, C c_i + b')

  With a context gate z_i = sigmoid(U_z s'_i + C_z c_i), which knows the word from s'_i, the second
  cell's sums are those of `attend_first` without a word.
  """

  gate_words = False
  cells = 2

  def extend(self, model: ConfigDict, context: int, initial: Initializers) -> None:
    super().extend(model, context, initial)
    self.second = make_cell(model, None, initial)

  def project(self, E_y: Float[Array, "*rows M"]) -> Float[Array, "*rows G"]:
    return self.cell.project(E_y)

  def advance(self, state: State, x_BxG: Float[Array, "B G"], attend: Attend) -> tuple[State, Seen]:
    last = self.cell.output(state["cell"])
    between = self.cell(state["cell"], x_BxG)
    s = self.cell.output(between)
    glance, c = attend(s)
    target = None
    if self.gate is not None:
      target, source = self.gate(s, c[:, -self.size :])
      c = scaled(c[:, : -self.size], source)
    after = self.second(between, self.second.given(c), target)
    return {"cell": after}, Seen(last if self.previous else self.second.output(after), glance)
