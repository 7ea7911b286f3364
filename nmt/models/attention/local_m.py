"""Local attention that moves on by one word a step, and looks at a window around that place."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, Shaped
from ml_collections import ConfigDict

from nmt import kinds
from nmt.models.attention.base import EnergyAttention, Glance, Memory
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers
from nmt.options import count, kind
from nmt.refusals import OTHER_WEIGHTS, SCORES

OPTIONS = {
  "energy": kind("general", "the mechanism that scores the words of the window", SCORES),
  "window": count(10, "D, words on each side of the window's middle"),
}
TRAITS = (OTHER_WEIGHTS,)


class Attention(EnergyAttention):
  """alpha_i = softmax over the words j with |j - p_i| <= D, p_i = i   (Luong et al., 2015, s. 3.2).

  Words and steps count from 1. As in the paper, what of the window is outside the sentence is
  ignored: from step J + D + 1 on, nothing is left, and alpha and the context are 0. All words are
  scored, as a step of fixed shapes has to, so that a window saves no time.
  """

  total = "at most 1"

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    self.window = model.attention.window
    energy = kinds.find("model.attention", model.attention.energy).Attention
    self.energy: EnergyAttention = energy(model, encoder, initial)

  def remember(self, h_BxJxD: Float[Array, "B J D"], real_BxJ: Bool[Array, "B J"]) -> Memory:
    own = self.energy.remember(h_BxJxD, real_BxJ)
    return super().remember(h_BxJxD, real_BxJ) | {"energy": own}

  def begin(self, memory: Memory) -> Any:
    """What the energies carry, and i."""
    first = jnp.ones(memory["real"].shape[0], jnp.int32)
    return {"energy": self.energy.begin(memory["energy"]), "step": first}

  def attend(
    self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any, keys_B: Key[Array, "B"] | None
  ) -> Glance:
    own = memory["energy"]
    e = self.energy.energies(s_BxN, own, carry["energy"])
    p_B = self.centre(s_BxN, memory, carry).astype(e.dtype)
    away_BxJ = jnp.arange(1, e.shape[1] + 1, dtype=e.dtype)[None] - p_B[:, None]
    weights = self.normalise(e, own["real"] & (jnp.abs(away_BxJ) <= self.window))
    alpha = self.near(weights, away_BxJ)
    after = self.energy.next_carry(s_BxN, own, carry["energy"], alpha)
    return Glance(alpha, alpha, {"energy": after, "step": carry["step"] + 1})

  def centre(self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any) -> Shaped[Array, "B"]:
    """p_i of each sentence."""
    step: Int[Array, B] = carry["step"]
    return step

  def near(
    self, weights_BxJ: Float[Array, "B J"], away_BxJ: Float[Array, "B J"]
  ) -> Float[Array, "B J"]:
    """alpha of the window's weights and each word's distance j - p_i from its middle."""
    return weights_BxJ
