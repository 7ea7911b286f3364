"""Structured attention: which words are selected depends on whether their neighbours are."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Bool, Float, Key
from ml_collections import ConfigDict

from nmt.models.attention import _energy
from nmt.models.attention.base import Attention as Base
from nmt.models.attention.base import Glance, Memory
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers, zeros
from nmt.options import kind, positive
from nmt.refusals import OTHER_WEIGHTS, SCORES

OPTIONS = {
  "energy": kind("additive", "the mechanism whose energies speak for selecting a word", SCORES),
  "divisor": positive(1.0, "marginals are divided by this, because they may sum to up to J"),
}
TRAITS = (OTHER_WEIGHTS,)

NEVER = np.float32(-1e30)  # the logarithm of 0; finite, so that gradients are finite, too


class Attention(Base):
  """The segmentation attention of Kim et al. (2017): a linear chain of selections.

  p(z_1 .. z_J) ~ exp(sum_j e_ij z_j + sum_{j>1} b[z_{j-1}, z_j])          z_j = 1: selected, or 0
  alpha_ij = p(z_j = 1) / divisor;  c_i = sum_j alpha_ij h_j

  b (2x2) is the same at all places. The marginals are found by the forward-backward algorithm, in
  logarithms, and don't sum to 1.
  """

  total = "any"

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    self.energy = _energy.make(model, encoder, initial, model.attention.energy)
    self.divisor = model.attention.divisor
    self.b = nnx.Param(zeros((2, 2)))

  def remember(self, h_BxJxD: Float[Array, "B J D"], real_BxJ: Bool[Array, "B J"]) -> Memory:
    own = self.energy.remember(h_BxJxD, real_BxJ)
    return {"h": h_BxJxD, "real": own["real"], "energy": own}

  def begin(self, memory: Memory) -> Any:
    """What the energies carry."""
    return self.energy.begin(memory["energy"])

  def attend(
    self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any, keys_B: Key[Array, "B"] | None
  ) -> Glance:
    own = memory["energy"]
    alpha = self.alpha(self.energy.energies(s_BxN, own, carry), memory["real"])
    return Glance(alpha, alpha, self.energy.next_carry(s_BxN, own, carry, alpha))

  def attend_all(
    self, s_TxBxN: Float[Array, "T B N"], memory: Memory, keys_TxB: Key[Array, "T B"] | None
  ) -> Glance:
    e_TxBxJ = self.energy.all_energies(s_TxBxN, memory["energy"])
    alpha = jax.vmap(self.alpha, (0, None))(e_TxBxJ, memory["real"])
    return Glance(alpha, alpha)

  def alpha(self, e_BxJ: Float[Array, "B J"], real_BxJ: Bool[Array, "B J"]) -> Float[Array, "B J"]:
    """The marginals, divided; 0 on padding."""
    return jnp.where(real_BxJ, marginals(e_BxJ, self.b[...], real_BxJ) / self.divisor, 0)


def marginals(
  e_BxJ: Float[Array, "B J"], b_2x2: Float[Array, "2 2"], real_BxJ: Bool[Array, "B J"]
) -> Float[Array, "B J"]:
  """p(z_j = 1) of the chain over the real words, which come first.

  The chain is a product of 2x2 matrices, in which sums take the place of products and logaddexp
  that of sums: M_j[y, z] = b[y, z] + e_j z. Products up to each word and from each word on are
  found in about log J rounds. Only differences within a matrix matter, so the largest entry of
  each is kept at 0, and nothing grows with J.
  """
  e = jnp.stack([jnp.zeros_like(e_BxJ), e_BxJ], axis=-1)[:, :, None, :]
  b = b_2x2[None, None] * (jnp.arange(e.shape[1]) > 0)[None, :, None, None]
  identity = jnp.where(np.eye(2, dtype=bool), 0, NEVER).astype(e.dtype)[None, None]
  M = jnp.where(real_BxJ[:, :, None, None], e + b, identity)
  upto = jax.lax.associative_scan(_chained, M, axis=1)[:, :, 0]
  after = jax.lax.associative_scan(lambda a, b: _chained(b, a), M, axis=1, reverse=True)[:, 1:]
  after = jnp.pad(jnp.logaddexp(after[..., 0], after[..., 1]), ((0, 0), (0, 1), (0, 0)))
  both = upto + after
  return jax.nn.sigmoid(both[..., 1] - both[..., 0])


def _chained(A: Float[Array, "..."], B: Float[Array, "..."]) -> Float[Array, "..."]:
  through = [A[..., :, k, None] + B[..., None, k, :] for k in range(2)]
  product = jnp.logaddexp(*through)
  return product - jax.lax.stop_gradient(product.max(axis=(-2, -1), keepdims=True))
