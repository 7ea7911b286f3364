"""Hard attention: looks at one word, drawn at random in training."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key
from ml_collections import ConfigDict

from nmt.models.attention.base import Attention as Base
from nmt.models.attention.base import Glance, Memory, find, within
from nmt.models.dropout import split
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers
from nmt.options import amount, kind, share
from nmt.refusals import DRAWS, ESTIMATES, MIXES, NOT_ALIGNING, needs, refuses

OPTIONS = {
  "energy": kind(
    "additive", "the mechanism whose alpha the word is drawn from; what that uses is inner_energy"
  ),
  "entropy": amount(0.01, "weight of the entropy of alpha in the loss, lambda_e"),
  "expected": share(0.5, "share of the sentences that get the mean of all words in place of one"),
}
TRAITS = (DRAWS,)
REFUSES = (
  needs("train.objective", ESTIMATES, "nothing is differentiated through a word that is drawn"),
  refuses("model.attention", NOT_ALIGNING, "words are drawn from alpha"),
  refuses("model.attention", MIXES, "a word that is drawn is the only one that is read"),
)


class Attention(Base):
  """a_i ~ Categorical(alpha_i);  c_i = h_{a_i}   (Xu et al., 2015, section 4.1, equations 8 and 9).

  Training draws a_i, and the objective (train.objective.kind=reinforce) is given the logarithm of
  its probability, and the entropy of alpha_i as a loss. As there, a share of the sentences, drawn
  anew in each update, has c_i = sum_j alpha_ij h_j. Without keys and in search a_i is the likeliest
  word. Where alpha need not sum to 1, it is divided by its sum first.
  """

  random = True

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    self.entropy, self.expected = model.attention.entropy, model.attention.expected
    self.energy = find(model, model.attention.energy)(within(model), encoder, initial)
    self.total = "1" if self.energy.total == "1" else "at most 1"

  def remember(self, h_BxJxD: Float[Array, "B J D"], real_BxJ: Bool[Array, "B J"]) -> Memory:
    own = self.energy.remember(h_BxJxD, real_BxJ)
    return {"h": h_BxJxD, "energy": own}

  def begin(self, memory: Memory) -> Any:
    """What the energies carry, and whether a sentence gets the mean: -1 until that is drawn."""
    unknown = jnp.full(memory["h"].shape[0], -1, jnp.int32)
    return {"energy": self.energy.begin(memory["energy"]), "mean": unknown}

  def attend(
    self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any, keys_B: Key[Array, "B"] | None
  ) -> Glance:
    soft = self.energy.attend(s_BxN, memory["energy"], carry["energy"], None)
    alpha, mean_B = soft.alpha_BxJ, carry["mean"]
    if self.energy.total != "1":
      total = alpha.sum(axis=1, keepdims=True)
      alpha = alpha / jnp.where(total > 0, total, 1)
    log_alpha = jnp.log(jnp.where(alpha > 0, alpha, 1))
    losses = soft.losses | {"negative_entropy": self.entropy * (alpha * log_alpha).sum(axis=1)}
    if keys_B is None:
      one, drawn = one_hot(alpha.argmax(axis=1), alpha), jnp.zeros_like(alpha[:, 0])
      return Glance(one, one, carry | {"energy": soft.carry}, losses, drawn)
    coin_keys, word_keys = split(keys_B, 2)
    coin = jax.vmap(jax.random.bernoulli, (0, None))(coin_keys, jnp.float32(self.expected))
    mean_B = jnp.where(mean_B < 0, coin.astype(jnp.int32), mean_B)
    scores = jnp.where(alpha > 0, log_alpha, -jnp.inf)
    one = one_hot(jax.vmap(jax.random.categorical)(word_keys, scores), alpha)
    drawn = jnp.where(mean_B == 1, 0, (one * log_alpha).sum(axis=1))
    weights = jnp.where((mean_B == 1)[:, None], alpha, one)
    return Glance(weights, weights, {"energy": soft.carry, "mean": mean_B}, losses, drawn)


def one_hot(index_B: Int[Array, "B"], alpha_BxJ: Float[Array, "B J"]) -> Float[Array, "B J"]:
  """1.0 at each row's index, if alpha is above 0 there, and 0 elsewhere: of alpha's type."""
  words = jnp.arange(alpha_BxJ.shape[1], dtype=jnp.int32)
  return ((words[None] == index_B[:, None]) & (alpha_BxJ > 0)).astype(alpha_BxJ.dtype)
