"""One recurrent network from the first word to the last."""

from flax import nnx
from jaxtyping import Array, Bool, Int, Key
from ml_collections import ConfigDict

from nmt.models.dropout import Rates, split
from nmt.models.encoders.base import Annotations, run
from nmt.models.encoders.base import Encoder as Base
from nmt.models.initializers import Initializers
from nmt.models.layers import make


class Encoder(Base):
  """h_j = cell(h_{j-1}, W E_x x_j + b)   (as in Cho et al., 2014, and Luong et al., 2015).

  The summary is the state at the last word.
  """

  reverse = False

  def __init__(self, model: ConfigDict, words: int, initial: Initializers):
    self.width = self.summary_width = self.forward_width = model.size
    self.rates = Rates.of(model)
    self.E_x = nnx.Param(initial.embedding((words, model.embedding)))
    self.cell = make(model, model.embedding, initial)

  def __call__(
    self,
    source_BxJ: Int[Array, "B J"],
    real_BxJ: Bool[Array, "B J"],
    keys_B: Key[Array, "B"] | None = None,
  ) -> Annotations:
    embedded = self.rates.words(keys_B, self.E_x[...][source_BxJ]).swapaxes(0, 1)
    h, last = run(self.cell, embedded, real_BxJ.T, self.reverse, split(keys_B, 1)[0])
    return Annotations(h.swapaxes(0, 1), last)
