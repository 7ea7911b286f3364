"""Recurrent layers on top of each other, each reading the other way than the one below."""

from flax import nnx
from jaxtyping import Array, Bool, Int, Key
from ml_collections import ConfigDict

from nmt.models.dropout import Rates, split
from nmt.models.encoders.base import Annotations, at, pick, run
from nmt.models.encoders.base import Encoder as Base
from nmt.models.initializers import Initializers
from nmt.models.layers import layer
from nmt.options import count

OPTIONS = {
  "layers": count(2, "layers of the encoder, in the place of model.cell.layers"),
}


class Encoder(Base):
  """The interleaved bi-directional encoder of Zhou et al. (2016), without fast-forward connections.

  Layer 1 reads forwards, layer 2 reads the outputs of layer 1 backwards, and so on; an annotation
  is an output of the highest. With model.cell.residual a layer adds its outputs to those below it.
  The summary is the highest layer's last output: at the first word if the number of layers is even.
  """

  def __init__(self, model: ConfigDict, words: int, initial: Initializers):
    self.width = self.summary_width = self.forward_width = model.size
    self.ends_at_first = model.encoder.layers % 2 == 0
    self.rates, self.residual = Rates.of(model), model.cell.residual
    self.E_x = nnx.Param(initial.embedding((words, model.embedding)))
    inputs = [model.embedding] + [model.size] * (model.encoder.layers - 1)
    self.layers = nnx.List([layer(model, width, initial) for width in inputs])

  def __call__(
    self,
    source_BxJ: Int[Array, "B J"],
    real_BxJ: Bool[Array, "B J"],
    keys_B: Key[Array, "B"] | None = None,
  ) -> Annotations:
    x = self.rates.words(keys_B, self.E_x[...][source_BxJ]).swapaxes(0, 1)
    below_keys = split(keys_B, 2 * len(self.layers))[len(self.layers) :]
    for i, keys in enumerate(split(keys_B, len(self.layers))):
      given = self.rates.below(below_keys[i], x) if i > 0 else x
      output, _ = run(self.layers[i], given, real_BxJ.T, i % 2 == 1, keys)
      x = x + output if self.residual and i > 0 else output
    h = x.swapaxes(0, 1)
    return Annotations(h, pick(h, at("first" if self.ends_at_first else "last", real_BxJ)))
