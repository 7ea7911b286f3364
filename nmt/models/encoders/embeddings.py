"""No network: an annotation is a word's vector and that of its position."""

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Int, Key
from ml_collections import ConfigDict

from nmt.models.dropout import Rates
from nmt.models.encoders.base import Annotations, mean
from nmt.models.encoders.base import Encoder as Base
from nmt.models.initializers import Initializers
from nmt.options import count
from nmt.refusals import NO_READER, WORD_WIDE

OPTIONS = {
  "positions": count(500, "positions with a vector of their own; words beyond share the last one"),
}
TRAITS = (NO_READER, WORD_WIDE)


class Encoder(Base):
  """h_j = E_x x_j + L_j: what an encoder that sees no neighbours gives; the summary is their mean.

  The input of the encoders of Gehring et al. (2017a), section 3.1, without their pooling.
  """

  def __init__(self, model: ConfigDict, words: int, initial: Initializers):
    self.width = self.summary_width = model.embedding
    self.forward_width = 0
    self.rates = Rates.of(model)
    self.E_x = nnx.Param(initial.embedding((words, model.embedding)))
    self.L = nnx.Param(initial.embedding((model.encoder.positions, model.embedding)))

  def embed(
    self, source_BxJ: Int[Array, "B J"], keys_B: Key[Array, "B"] | None
  ) -> Float[Array, "..."]:
    """The sum of both vectors, BxJxm."""
    rows = self.L[...].shape[0]
    place = jnp.minimum(jnp.arange(source_BxJ.shape[1], dtype=jnp.int32), rows - 1)
    both = self.E_x[...][source_BxJ] + self.L[...][place][None]
    return self.rates.words(keys_B, both)

  def __call__(
    self,
    source_BxJ: Int[Array, "B J"],
    real_BxJ: Bool[Array, "B J"],
    keys_B: Key[Array, "B"] | None = None,
  ) -> Annotations:
    h = self.embed(source_BxJ, keys_B)
    return Annotations(h, mean(h, real_BxJ))
