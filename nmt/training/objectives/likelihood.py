"""Maximum likelihood: the paper's objective, with what the attention mechanism adds."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from nmt.data.ids import PAD
from nmt.models import Translation
from nmt.options import amount, share
from nmt.refusals import NOT_ALIGNING, above_0, refuses
from nmt.training.objectives.base import Objective as Base
from nmt.training.objectives.base import Rows, Sums, likelihood, summed

OPTIONS = {
  "label_smoothing": share(0.0, "share of the probability wished for that goes to all words alike"),
  "coverage": amount(0.0, "weight of the loss on looking at a word again, lambda"),
}
REFUSES = (
  refuses(
    "model.attention",
    NOT_ALIGNING,
    "that loss is on where attention looks",
    above_0("train.objective.coverage"),
  ),
)


class Objective(Base):
  """-sum_i log p(y_i | y_<i, x), and the losses of attention.

  Label smoothing: Szegedy et al. (2016), section 7. The coverage loss, of any mechanism that says
  where it looks: See et al. (2017), section 2.3, where its weight is 1 in the last steps alone.
  """

  def sums(
    self, model: Translation, rows: Rows, keys_B: Key[Array, "B"] | None, kept: Sums
  ) -> tuple[Float[Array, ""], Sums]:
    options = self.train.objective
    features = model.features(rows.source, rows.target, keys_B)
    loss, found = likelihood(model, features, rows.target, options.label_smoothing)
    more = {name: numbers.sum() for name, numbers in features.losses.items()}
    if options.coverage:
      more["coverage"] = options.coverage * coverage(features.alpha, rows.target != PAD)
    loss = sum(more.values(), loss)
    return loss, {"loss": loss, **summed(found), **more}


def coverage(alpha_BxTxJ: Float[Array, "B T J"], real_BxT: Bool[Array, "B T"]) -> Float[Array, ""]:
  """sum_i sum_j min(alpha_ij, k_ij) over real steps, k_i being the sum of alpha before step i.

  See et al. (2017), equations 10 and 12.
  """
  before = jnp.pad(alpha_BxTxJ[:, :-1], ((0, 0), (1, 0), (0, 0)))
  k_BxTxJ = jnp.cumsum(before, axis=1)
  again_BxT = jnp.minimum(alpha_BxTxJ, k_BxTxJ).sum(axis=2)
  return jnp.where(real_BxT, again_BxT, 0).sum()
