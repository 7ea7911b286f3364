"""Graves's window: a mixture of Gaussians that move along the source."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Key
from ml_collections import ConfigDict

from nmt.models.attention.base import Attention as Base
from nmt.models.attention.base import Glance, Memory
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers, blocks, zeros
from nmt.models.products import affine
from nmt.options import count

OPTIONS = {"components": count(10, "K, Gaussians of the window")}

LARGEST = 10.0  # of what is exponentiated: 22,026 words or so; squares of it stay far from overflow


class Attention(Base):
  """The soft window of Graves (2013), equations 46 to 51.

  (a^_i, b^_i, k^_i) = W_p^T s_i + b_p
  a_i = exp(a^_i);  b_i = exp(b^_i);  kappa_i = kappa_{i-1} + exp(k^_i), kappa_0 = 0
  phi_ij = sum_k a_ik exp(-b_ik (kappa_ik - j)^2)                                  j = 1 .. J

  phi takes the place of alpha and is not normalised: it sums to anything. The words themselves are
  not looked at. Parameters start so that phi sums to about 1 and moves on by about one word.
  """

  total = "any"

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    K = model.attention.components
    self.W_p = nnx.Param(blocks(initial.dense, 3)((model.size, 3 * K)))
    bias = zeros((3 * K,))
    bias[:K] = -np.log(K * np.sqrt(np.pi))  # sum_j exp(-(kappa - j)^2) is about sqrt(pi)
    self.b_p = nnx.Param(bias)

  def begin(self, memory: Memory) -> Any:
    """kappa_0."""
    h = memory["h"]
    return jnp.zeros((h.shape[0], self.b_p[...].shape[0] // 3), h.dtype)

  def attend(
    self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any, keys_B: Key[Array, "B"] | None
  ) -> Glance:
    sums = affine(self.product, s_BxN, self.W_p[...], self.b_p[...])
    a, b, step = jnp.split(jnp.exp(jnp.minimum(sums, LARGEST)), 3, axis=1)
    kappa = carry + step
    places = jnp.arange(1, memory["real"].shape[1] + 1, dtype=kappa.dtype)
    distance = kappa[:, :, None] - places[None, None]
    phi = (a[:, :, None] * jnp.exp(-b[:, :, None] * distance**2)).sum(axis=1)
    phi = jnp.where(memory["real"], phi, 0)
    return Glance(phi, phi, kappa)
