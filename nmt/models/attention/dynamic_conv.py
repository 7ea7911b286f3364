"""Dynamic convolution attention: filters of where it has just looked, some made by the state."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from nmt.models.attention.additive import match
from nmt.models.attention.base import EnergyAttention, Memory
from nmt.models.attention.monotonic import first
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers, zeros
from nmt.models.products import affine
from nmt.options import count, positive, whole
from nmt.refusals import SCORES

OPTIONS = {
  "size": count(1000, "n', width of the layers that make energies and dynamic filters"),
  "filters": count(8, "static filters, and as many dynamic ones"),
  "reach": whole(10, "words that a filter sees on either side of its own"),
  "prior_steps": count(10, "n, words that the prior allows a step to move on by, at most"),
  "prior_alpha": positive(0.1, "alpha of the beta-binomial prior"),
  "prior_beta": positive(0.9, "beta of the prior; its mean step is n alpha / (alpha + beta) words"),
}
TRAITS = (SCORES,)

SMALLEST = 1e-6  # what the prior counts as at least


class Attention(EnergyAttention):
  """The dynamic convolution attention of Battenberg et al. (2020), their DCA.

  f_i = F * alpha_{i-1}              static filters
  g_i = G(s_i) * alpha_{i-1}         dynamic ones, G(s) = V_G^T tanh(W_G s + b_G)
  p_i = log(P * alpha_{i-1})         P_k = BetaBinomial(k; n, alpha, beta), k = 0 .. n words on
  e_ij = v^T tanh(U f_ij + T g_ij + b) + p_ij

  * is a convolution along the source, which goes over its ends as over zeros, alpha_0 is 1 at the
  first word, and alpha_i = softmax(e_i). The words themselves are not looked at. P * alpha counts
  as 1e-6 where it is less, so that attention that has been thrown off can come back.
  """

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    options = model.attention
    size, filters, self.reach = options.size, options.filters, options.reach
    length = 2 * self.reach + 1
    self.F = nnx.Param(initial.dense((length, filters)))
    self.W_G = nnx.Param(initial.dense((model.size, size)))
    self.b_G = nnx.Param(zeros((size,)))
    self.V_G = nnx.Param(initial.dense((size, length * filters)))
    self.U = nnx.Param(initial.attention((filters, size)))
    self.T = nnx.Param(initial.attention((filters, size)))
    self.b = nnx.Param(zeros((size,)))
    self.v = nnx.Param(initial.energy((size,)))
    self.prior = beta_binomial(options.prior_steps, options.prior_alpha, options.prior_beta)

  def begin(self, memory: Memory) -> Any:
    """alpha_0."""
    return first(memory)

  def energies(self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any) -> Float[Array, "B J"]:
    seen = windows(carry, self.reach, self.reach)
    f = affine(self.product, seen, self.F[...])
    G = jnp.tanh(affine(self.product, s_BxN, self.W_G[...], self.b_G[...]))
    G = affine(self.product, G, self.V_G[...]).reshape(-1, *self.F[...].shape)
    g = self.product("bjl,blf->bjf", seen, G)
    keys = affine(self.product, f, self.U[...]) + affine(self.product, g, self.T[...])
    b = jnp.broadcast_to(self.b[...][None], (carry.shape[0], self.b[...].shape[0]))
    P = jnp.asarray(self.prior[::-1], carry.dtype)  # of the word n before to the word itself
    p = jnp.einsum("bjl,l->bj", windows(carry, len(self.prior) - 1, 0), P)
    return match(keys, b, self.v[...]) + jnp.log(jnp.maximum(p, SMALLEST))

  def next_carry(
    self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any, alpha_BxJ: Float[Array, "B J"]
  ) -> Any:
    """alpha_i."""
    return alpha_BxJ


def windows(x_BxJ: Float[Array, "B J"], before: int, after: int) -> Float[Array, "..."]:
  """x_BxJxL: what is around each place, from `before` places before it to `after` after it."""
  J = x_BxJ.shape[1]
  padded = jnp.pad(x_BxJ, ((0, 0), (before, after)))
  return jnp.stack([padded[:, l : l + J] for l in range(before + after + 1)], axis=2)


def beta_binomial(n: int, alpha: float, beta: float) -> tuple[float, ...]:
  """The probabilities of 0 .. n."""
  # P_0 = prod_k (beta + k) / (alpha + beta + k); P_{k+1} / P_k follows from the factorials.
  k = np.arange(n)
  ratios = (n - k) / (k + 1) * (alpha + k) / (beta + n - k - 1)
  found = np.prod((beta + k) / (alpha + beta + k)) * np.cumprod([1, *ratios])
  return tuple(float(p) for p in found)
