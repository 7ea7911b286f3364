"""The paper's encoder: source words -> annotations."""

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Int, Key
from ml_collections import ConfigDict

from nmt.models.dropout import Rates, split
from nmt.models.encoders.base import Annotations, run
from nmt.models.encoders.base import Encoder as Base
from nmt.models.initializers import Initializers
from nmt.models.layers import make


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
    self,
    source_BxJ: Int[Array, "B J"],
    real_BxJ: Bool[Array, "B J"],
    keys_B: Key[Array, "B"] | None = None,
  ) -> Annotations:
    keys = split(keys_B, 2)
    embedded = self.rates.words(keys_B, self.E_x[...][source_BxJ]).swapaxes(0, 1)
    forward, _ = run(self.forward, embedded, real_BxJ.T, False, keys[0])
    backward, first = run(self.backward, embedded, real_BxJ.T, True, keys[1])
    return Annotations(jnp.concatenate([forward, backward], axis=-1).swapaxes(0, 1), first)
