"""Monotonic chunkwise attention: a softmax over the few words that end where monotonic stops."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Shaped
from ml_collections import ConfigDict

from nmt import kinds
from nmt.models.attention import _energy
from nmt.models.attention.base import Glance, Memory
from nmt.models.attention.monotonic import Attention as Monotonic
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers
from nmt.options import amount, count, kind, real
from nmt.refusals import OTHER_WEIGHTS, SCORES

OPTIONS = {
  "energy": kind(
    "additive", "the mechanism of both energies, with parameters of its own for each", SCORES
  ),
  "chunk": count(2, "w, words of a chunk"),
  "offset": real(
    0.0, lambda x: abs(x) <= 20, "from -20 to 20", "r at the start; a step then passes e^-r words"
  ),
  "noise": amount(1.0, "standard deviation of the noise on energies in training"),
}
TRAITS = (OTHER_WEIGHTS,)


class Attention(Monotonic):
  """MoChA of Chiu and Raffel (2018), sections 2.2 and 2.3.

  a_ij = alpha_ij of `monotonic`: stops at word j
  beta_ij = sum_{k=j}^{j+w-1} a_ik exp(u_ij) / sum_{l=k-w+1}^{k} exp(u_il)

  u are energies of their own, and beta takes the place of alpha; what energies carry from step to
  step is moved on by what is made of them, a or beta. `model.normaliser` chooses what
  makes weights of the u of a chunk, softmax in the paper. The softmax of each chunk is computed by
  itself: one sum of exponents for all chunks would underflow.
  """

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    self.chunk = model.attention.chunk
    self.inside = _energy.make(model, encoder, initial, model.attention.energy)
    self.normalise = kinds.find("model.normaliser", model.normaliser.kind).make(model)

  def remember(self, h_BxJxD: Float[Array, "B J D"], real_BxJ: Bool[Array, "B J"]) -> Memory:
    inside = self.inside.remember(h_BxJxD, real_BxJ)
    return super().remember(h_BxJxD, real_BxJ) | {"inside": inside}

  def begin(self, memory: Memory) -> Any:
    return super().begin(memory) | {"inside": self.inside.begin(memory["inside"])}

  def look(
    self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any, p_BxJ: Float[Array, "B J"]
  ) -> Glance:
    real, w = memory["real"], self.chunk
    monotonic = super().look(s_BxN, memory, carry, p_BxJ)
    stops, own = monotonic.alpha_BxJ, memory["inside"]
    u = self.inside.energies(s_BxN, own, carry["inside"])
    J = u.shape[1]
    before = ((0, 0), (w - 1, 0))

    def chunks(x_BxJ: Shaped[Array, "B J"]) -> Shaped[Array, "B J W"]:
      """x_BxJxw: of the w words that end at each, 0 before the first."""
      padded = jnp.pad(x_BxJ, before)
      return jnp.stack([padded[:, i : i + J] for i in range(w)], axis=2)

    shares = stops[:, :, None] * self.normalise(chunks(u), chunks(real))
    at = [jnp.pad(shares[:, :, i], ((0, 0), (i, w - 1 - i))) for i in range(w)]
    beta = jnp.where(real, jnp.stack(at).sum(axis=0)[:, w - 1 :], 0)
    inside = self.inside.next_carry(s_BxN, own, carry["inside"], beta)
    return Glance(beta, beta, monotonic.carry | {"inside": inside})
