"""Local attention that predicts where to look, and prefers the words close to that place."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from nmt.models.attention.base import Memory
from nmt.models.attention.local_m import Attention as Local
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers
from nmt.models.products import affine
from nmt.options import count, kind, switch
from nmt.refusals import OTHER_WEIGHTS, SCORES

OPTIONS = {
  "energy": kind("general", "the mechanism that scores the words of the window", SCORES),
  "window": count(10, "D, words on each side of the window's middle"),
  "renormalise": switch(False, "alpha sums to 1; in the paper it is what the Gaussian leaves"),
}
TRAITS = (OTHER_WEIGHTS,)


class Attention(Local):
  """A window around a place that the state chooses (Luong et al., 2015, section 3.2).

  p_i = S sigmoid(v_p^T tanh(W_p s_i))                                      (equation 9)
  alpha_ij = align(s_i, h_j) exp(-(j - p_i)^2 / (2 sigma^2)), sigma = D/2   (equation 10)

  align is the softmax over the words with |j - p_i| <= D, and S is the number of words, which count
  from 1. With `renormalise`, alpha_i is divided by its sum.
  """

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    self.renormalise = model.attention.renormalise
    self.total = "1" if self.renormalise else "at most 1"
    self.W_p = nnx.Param(initial.attention((model.size, model.size)))
    self.v_p = nnx.Param(initial.energy((model.size,)))

  def centre(self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any) -> Float[Array, "B"]:
    inside = jnp.tanh(affine(self.product, s_BxN, self.W_p[...]))
    share = jax.nn.sigmoid(self.product("bn,n->b", inside, self.v_p[...]))
    p_B: Float[Array, B] = memory["real"].sum(axis=1).astype(share.dtype) * share
    return p_B

  def near(
    self, weights_BxJ: Float[Array, "B J"], away_BxJ: Float[Array, "B J"]
  ) -> Float[Array, "B J"]:
    sigma = self.window / 2
    # Beyond the window the weights are 0, and the exponential need not underflow.
    close = jnp.minimum(jnp.abs(away_BxJ), self.window)
    alpha = weights_BxJ * jnp.exp(-(close**2) / (2 * sigma**2))
    if not self.renormalise:
      return alpha
    total = alpha.sum(axis=1, keepdims=True)
    return alpha / jnp.where(total > 0, total, 1)
