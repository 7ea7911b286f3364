"""Monotonic attention: goes along the source word by word, and stops at one by a probability."""

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
from nmt.options import amount, kind, real
from nmt.refusals import OTHER_WEIGHTS, SCORES

OPTIONS = {
  "energy": kind("additive", "the mechanism whose energies the probabilities are made of", SCORES),
  "offset": real(
    0.0, lambda x: abs(x) <= 20, "from -20 to 20", "r at the start; a step then passes e^-r words"
  ),
  "noise": amount(1.0, "standard deviation of the noise on energies in training"),
}
TRAITS = (OTHER_WEIGHTS,)


class Attention(Base):
  """The monotonic attention of Raffel et al. (2017), sections 2.2 to 2.5.

  A step begins at the word where the last one stopped, and goes on until it stops at one:

  p_ij = sigmoid(e_ij + r + noise)                             noise ~ N(0, noise^2) with keys
  q_ij = (1 - p_{i,j-1}) q_{i,j-1} + alpha_{i-1,j}             comes to word j
  alpha_ij = p_ij q_ij                                         stops at word j

  and alpha_0 is 1 at the first word. In search each p_ij counts as 1 if it is above 0.5 and as 0
  otherwise. What passes the last word looks at nothing in this step and all later ones: alpha sums
  to at most 1. q is a linear recurrence, run as such: the paper's quotient of cumulated sums and
  products underflows. The energies are those of another kind; the paper's own are additive ones
  whose v_a is g v / |v|. It starts r below 0, for sources that are longer than their targets.
  """

  random = True
  total = "at most 1"

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    self.noise = model.attention.noise
    self.energy = _energy.make(model, encoder, initial, model.attention.energy)
    self.r = nnx.Param(zeros((1,)) + np.float32(model.attention.offset))

  def remember(self, h_BxJxD: Float[Array, "B J D"], real_BxJ: Bool[Array, "B J"]) -> Memory:
    own = self.energy.remember(h_BxJxD, real_BxJ)
    return {"h": h_BxJxD, "real": own["real"], "energy": own}

  def begin(self, memory: Memory) -> Any:
    """alpha_0, which is 1 at the first word, and what the energies carry."""
    return {"alpha": first(memory), "energy": self.energy.begin(memory["energy"])}

  def attend(
    self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any, keys_B: Key[Array, "B"] | None
  ) -> Glance:
    logits = self.logits(s_BxN, memory, carry, keys_B)
    return self.look(s_BxN, memory, carry, jax.nn.sigmoid(logits))

  def search(self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any) -> Glance:
    logits = self.logits(s_BxN, memory, carry, None)
    return self.look(s_BxN, memory, carry, (logits > 0).astype(logits.dtype))

  def look(
    self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any, p_BxJ: Float[Array, "B J"]
  ) -> Glance:
    """One look, given the probability of stopping at each word."""
    alpha = jnp.where(memory["real"], self.stops(p_BxJ, carry["alpha"]), 0)
    own = self.energy.next_carry(s_BxN, memory["energy"], carry["energy"], alpha)
    return Glance(alpha, alpha, {"alpha": alpha, "energy": own})

  def stops(
    self, p_BxJ: Float[Array, "B J"], before_BxJ: Float[Array, "B J"]
  ) -> Float[Array, "B J"]:
    """alpha_i of p_i and alpha_{i-1}."""
    return stopped(p_BxJ, before_BxJ)

  def logits(
    self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any, keys_B: Key[Array, "B"] | None
  ) -> Float[Array, "B J"]:
    """e + r, with noise if there are keys."""
    logits: Float[Array, "B J"]
    logits = self.energy.energies(s_BxN, memory["energy"], carry["energy"])
    logits = logits + self.r[...][None]
    if keys_B is None or self.noise == 0:
      return logits
    J = logits.shape[1]
    noise = jax.vmap(lambda key: jax.random.normal(key, (J,), jnp.float32))(keys_B)
    logits = logits + (self.noise * noise).astype(logits.dtype)
    return logits


def first(memory: Memory) -> Float[Array, "B J"]:
  """1 at the first word of each row that has words, of the annotations' type."""
  real_BxJ: Bool[Array, "B J"] = memory["real"]
  first_BxJ = real_BxJ & (jnp.arange(real_BxJ.shape[1]) == 0)[None]
  return first_BxJ.astype(memory["h"].dtype)


def stopped(p_BxJ: Float[Array, "B J"], before_BxJ: Float[Array, "B J"]) -> Float[Array, "B J"]:
  """alpha_i of p_i and alpha_{i-1}."""
  passes = jnp.pad(1 - p_BxJ[:, :-1], ((0, 0), (1, 0)))

  def joined(left: Any, right: Any) -> Any:
    return left[0] * right[0], right[0] * left[1] + right[1]

  comes: Float[Array, "B J"]
  _, comes = jax.lax.associative_scan(joined, (passes, before_BxJ), axis=1)
  return p_BxJ * comes
