"""Latent attention: a word is a mixture over source words, not the readout of their mean."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key
from ml_collections import ConfigDict

from nmt.models.attention._inference import Inference
from nmt.models.attention.base import Attention as Base
from nmt.models.attention.base import Glance, Memory, find
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers
from nmt.options import choice, kind, switch, whole
from nmt.refusals import (
  INFERS,
  MIXES,
  NO_CONTEXT,
  SCORES,
  Condition,
  needs,
  refuses,
  refuses_values,
  true,
)

OPTIONS = {
  "energy": kind(
    "additive", "the mechanism whose alpha is the prior of the source word z_i", SCORES
  ),
  "inference": switch(
    False, "a network q(z | x, y), which train.objective.kind=variational trains"
  ),
  "alignment": choice(
    "prior",
    ("prior", "posterior", "inference"),
    "what aligns given translations: alpha, p(z | x, y) or the network's q(z | x, y)",
  ),
  "top": whole(0, "K: a search mixes the K words of largest alpha alone; 0: all, which is exact"),
}
TRAITS = (MIXES,)
REFUSES = (
  needs(
    "train.objective", INFERS, "no other trains that network", true("model.attention.inference")
  ),
  refuses_values(
    Condition(
      "model.attention.alignment is inference and model.attention.inference is not True",
      lambda flat: (
        flat["model.attention.alignment"] == "inference" and not flat["model.attention.inference"]
      ),
    ),
    "it needs that network",
  ),
  refuses(
    "model.readout",
    NO_CONTEXT,
    "each source word has a readout of its own, which must see it",
    Condition(
      "model.order.kind is not update_first",
      lambda flat: flat["model.order.kind"] != "update_first",
    ),
  ),
)


class Attention(Base):
  """p(y_i | y_<i, x) = sum_j alpha_ij p(y_i | s_i, h_j)   (Deng et al., 2018, section 2.1).

  alpha_i = p(z_i = j | y_<i, x), the prior of the source word z_i that y_i comes from, is the alpha
  of another mechanism, and p(y_i | s_i, h_j) is what the readout gives with h_j in the place of the
  context. Each word has its own readout: a step costs J times as many logits.

  The state gets the mean c_i = sum_j alpha_ij h_j as it does elsewhere ("the convex combination of
  source hidden states", appendix B), so that it depends on no z, and the sum over all alignments of
  a sentence is a product of sums over single words. The paper's order is model.order.update_first,
  but for two things: here h~_i of the mean is fed in the place of c_i itself, and the readout may
  see E y_{i-1}, too. If the readout sees a state that has read c_i (model.order.state=current),
  p(y_i | s_i, h_j) depends on the mean as well, which the paper's does not.

  A search with `top` has K-max renormalisation (section 4, predictive inference): alpha is 0 but
  for the K largest, which sum to 1. Training, validation and forcing mix all words.

  `alignment` is what a given translation is aligned by when it is forced: alpha, which doesn't know
  y_i; p(z_i = j | x, y_<=i), which does; or q of the inference network, which has read all of y, as
  the paper shows alignments (section 5, figure 3). In search alpha is shown.
  """

  mixes = True

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    self.energy = find(model, model.attention.energy)(model, encoder, initial)
    self.random = self.energy.random
    self.top = model.attention.top
    self.alignment = model.attention.alignment
    if model.attention.inference:
      self.inference = Inference(model, initial)

  def remember(self, h_BxJxD: Float[Array, "B J D"], real_BxJ: Bool[Array, "B J"]) -> Memory:
    return {"h": h_BxJxD, "energy": self.energy.remember(h_BxJxD, real_BxJ)}

  def begin(self, memory: Memory) -> Any:
    return self.energy.begin(memory["energy"])

  def attend(
    self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any, keys_B: Key[Array, "B"] | None
  ) -> Glance:
    glance = self.energy.attend(s_BxN, memory["energy"], carry, keys_B)
    return glance._replace(weights=glance.alpha_BxJ)

  def search(self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any) -> Glance:
    glance = self.energy.search(s_BxN, memory["energy"], carry)
    alpha = glance.alpha_BxJ
    if self.top and self.top < alpha.shape[1]:
      largest_BxK, at_BxK = jax.lax.top_k(alpha, self.top)
      rows = jnp.arange(alpha.shape[0], dtype=jnp.int32)[:, None]
      total = largest_BxK.sum(axis=1, keepdims=True)
      alpha = jnp.zeros_like(alpha).at[rows, at_BxK].set(largest_BxK)
      alpha = alpha / jnp.where(total > 0, total, 1)
    return glance._replace(weights=alpha, alpha_BxJ=alpha)
