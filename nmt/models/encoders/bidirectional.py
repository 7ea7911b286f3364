"""The paper's encoder: source words -> annotations."""

import jax
import jax.numpy as jnp
from flax import nnx
from ml_collections import ConfigDict

from nmt.models.cells.base import make
from nmt.models.dropout import Rates
from nmt.models.encoders.base import Annotations, run
from nmt.models.encoders.base import Encoder as Base
from nmt.models.initializers import Initializers


class Encoder(Base):
  """Take notes on each word, looking at the words around it (Bahdanau et al., 2015, section 3.2).

  H = BiRNN(x): h_j = [h_j forward ; h_j backward], both directions over one embedding E_x. The
  summary is the backward state at the first word, hb_1.
  """

  def __init__(self, model: ConfigDict, words: int, initial: Initializers):
    self.width = 2 * model.size
    self.summary_width = self.forward_width = model.size
    self.rates = Rates.of(model)
    self.E_x = nnx.Param(initial.embedding((words, model.embedding)))
    self.forward = make(model, model.embedding, initial)
    self.backward = make(model, model.embedding, initial)

  def __call__(
    self, source_BxJ: jax.Array, real_BxJ: jax.Array, keys_B: jax.Array | None = None
  ) -> Annotations:
    embedded = self.rates.words(keys_B, self.E_x[...][source_BxJ]).swapaxes(0, 1)
    forward, _ = run(self.forward, embedded, real_BxJ.T)
    backward, first = run(self.backward, embedded, real_BxJ.T, reverse=True)
    return Annotations(jnp.concatenate([forward, backward], axis=-1).swapaxes(0, 1), first)
