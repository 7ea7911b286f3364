"""Location-sensitive attention: filters over the last weights tell where the model has looked."""

from typing import Any

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from nmt.models.attention.additive import Attention as Additive
from nmt.models.attention.additive import match_with
from nmt.models.attention.base import Memory
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers
from nmt.models.products import affine
from nmt.options import count, integer, switch
from nmt.refusals import SCORES

OPTIONS = {
  "size": count(1000, "n', width of the layer that compares a state with an annotation"),
  "filters": count(10, "k, features of the weights around each word"),
  "filter_width": integer(
    11, lambda x: x >= 1 and x % 2 == 1, "an odd number, 1 or more", "r, words that a filter spans"
  ),
  "cumulative": switch(False, "filters read the sum of alpha over all steps before, not the last"),
}
TRAITS = (SCORES,)


class Attention(Additive):
  """Content and location together (Chorowski et al., 2015).

  f_i = F * alpha_{i-1}                                               (equation 8)
  e_ij = v_a^T tanh(W_a s_i + U_a h_j + U f_ij + b_a)                 (equation 9)

  F has k filters of r words each, whose middle is at j; alpha_0 = 0, and alpha is 0 outside the
  sentence. With `cumulative` alpha_{i-1} is the sum of alpha_1 .. alpha_{i-1} (Shen et al., 2018,
  section 2.2).
  """

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    options = model.attention
    self.filter_width, self.cumulative = options.filter_width, options.cumulative
    self.F = nnx.Param(initial.dense((options.filter_width, options.filters)))
    self.U = nnx.Param(initial.dense((options.filters, options.size)))

  def begin(self, memory: Memory) -> Any:
    return jnp.zeros(memory["real"].shape, memory["keys"].dtype)

  def energies(self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any) -> Float[Array, "B J"]:
    query = self.product("bn,na->ba", s_BxN, self.W_a[...])
    f_BxJxK = affine(self.product, around(carry, self.filter_width), self.F[...])
    return match_with(self.product, memory["keys"], query, self.v_a[...], f_BxJxK, self.U[...])

  def next_carry(
    self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any, alpha_BxJ: Float[Array, "B J"]
  ) -> Any:
    return carry + alpha_BxJ if self.cumulative else alpha_BxJ


def around(alpha_BxJ: Float[Array, "B J"], width: int) -> Float[Array, "..."]:
  """alpha_BxJxR of the `width` words around each word, from left to right; 0 beyond the array."""
  words, side = alpha_BxJ.shape[1], width // 2
  padded = jnp.pad(alpha_BxJ, ((0, 0), (side, side)))
  return jnp.stack([padded[:, r : r + words] for r in range(width)], axis=2)
