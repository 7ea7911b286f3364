"""Additive attention whose vector v has a length of its own, which is learned."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from nmt.models.attention.additive import Attention as Additive
from nmt.models.attention.additive import match
from nmt.models.attention.base import Memory
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers
from nmt.models.products import affine
from nmt.options import count
from nmt.refusals import SCORES

OPTIONS = {
  "size": count(1000, "n', width of the layer that compares a state with an annotation"),
}
TRAITS = (SCORES,)


class Attention(Additive):
  """e_ij = g v_a^T / |v_a| tanh(W_a s_i + U_a h_j + b_a).

  Weight normalisation (Salimans and Kingma, 2016, equation 2) of the vector of energies, as
  "normed Bahdanau" of Luong, Brevdo and Zhao's tutorial (2017). g starts at 1 / sqrt(n'). Raffel et
  al. (2017, section 2.4) add an offset r to all energies, for weights that need not sum to 1; in a
  normaliser it cancels, so there is none here.
  """

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    size = model.attention.size
    self.v_a = nnx.Param(initial.attention((size,)))  # not 0, which has no direction
    self.g = nnx.Param(np.full((1,), size**-0.5, np.float32))

  def energies(
    self, s: Float[Array, "*steps B N"], memory: Memory, carry: Any
  ) -> Float[Array, "*steps B J"]:
    v, query = self.v_a[...], affine(self.product, s, self.W_a[...])
    return match(memory["keys"], query, self.g[...] * v / jnp.linalg.norm(v))
