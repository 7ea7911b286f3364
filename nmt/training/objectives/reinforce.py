"""REINFORCE, for attention that draws the word it looks at."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from nmt.models import Translation
from nmt.options import amount, share
from nmt.refusals import DRAWS, ESTIMATES, needs
from nmt.training.objectives.base import Objective as Base
from nmt.training.objectives.base import Rows, Sums, likelihood, summed

OPTIONS = {
  "label_smoothing": share(0.0, "share of the probability wished for that goes to all words alike"),
  "reward": amount(1.0, "weight of the reward's gradient, lambda_r; less if its noise is too much"),
}
TRAITS = (ESTIMATES,)
REFUSES = (needs("model.attention", DRAWS, "it rewards what was drawn"),)

DECAY = 0.9  # of the baseline


class Objective(Base):
  """A sampled bound on the likelihood (Xu et al., 2015, section 4.1, equations 11 and 12).

  With the words a that were drawn, and R = log p(y | a, x) of a sentence, the gradient is that of

  log p(y | a, x) + lambda_r (R - b) log p(a | x, y) + the mechanism's losses (its entropy)

  b is the mean of R over the updates before, in which each counts 0.9 times as much as the next.
  """

  def begin(self) -> Sums:
    return {"reward": jnp.float32(0), "weight": jnp.float32(0)}

  def sums(
    self, model: Translation, rows: Rows, keys_B: Key[Array, "B"] | None, kept: Sums
  ) -> tuple[Float[Array, ""], Sums]:
    features = model.features(rows.source, rows.target, keys_B)
    assert features.drawn is not None  # as REFUSES asks
    options = self.train.objective
    loss, found = likelihood(model, features, rows.target, options.label_smoothing)
    reward_B = -found["nll_BxT"].sum(axis=1)
    baseline = kept["reward"] / jnp.maximum(kept["weight"], 1e-9)
    advantage_B = jax.lax.stop_gradient(reward_B - baseline)
    real_B = found["nll_BxT"].any(axis=1)  # not a row that only fills the batch
    surprise = -(jnp.where(real_B, advantage_B, 0) * features.drawn.sum(axis=1)).sum()
    more = {name: numbers.sum() for name, numbers in features.losses.items()}
    total = sum(more.values(), loss + options.reward * surprise)
    sentences = real_B.sum(dtype=jnp.int32)
    return total, {"loss": total, **summed(found), **more, "sentences": sentences}

  def keep(self, kept: Sums, totals: Sums) -> Sums:
    mean = -totals["nll"] / jnp.maximum(totals["sentences"], 1).astype(jnp.float32)
    return {
      "reward": DECAY * kept["reward"] + (1 - DECAY) * mean,
      "weight": DECAY * kept["weight"] + (1 - DECAY),
    }
