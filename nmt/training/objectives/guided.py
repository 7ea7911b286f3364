"""Maximum likelihood, with attention guided towards given word links."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from nmt.errors import UserError
from nmt.models import Translation
from nmt.options import amount, count, real, share
from nmt.refusals import NOT_ALIGNING, refuses
from nmt.training.objectives.base import Objective as Base
from nmt.training.objectives.base import Rows, Sums, likelihood, summed

OPTIONS = {
  "label_smoothing": share(0.0, "share of the probability wished for that goes to all words alike"),
  "weight": amount(1.0, "weight of the alignment's cost beside the likelihood's, w"),
  "decay": real(
    1.0,
    lambda x: 0 < x <= 1,
    "above 0 and at most 1",
    "the weight is multiplied by this after each `every` updates",
  ),
  "every": count(1000, "updates after which the weight is multiplied by `decay`"),
}
REFUSES = (refuses("model.attention", NOT_ALIGNING, "alpha is what is guided"),)

LEAST = 1e-9  # alpha is taken for this where it is smaller, and has no gradient there


class Objective(Base):
  """H_D(y, x) + w G(A, alpha), H_D being the likelihood's: guided alignment (Chen et al., 2016).

  G(A, alpha) = -1/T sum_t sum_j A_tj log alpha_tj, the cross-entropy of given links A and alpha.
  Each row of A is divided by its sum; a target token without links costs nothing. As the likelihood
  is, the sum is divided by all target tokens of an update, not by each sentence's T.
  w = weight * decay ** (updates made // every).
  """

  links = True

  def sums(
    self, model: Translation, rows: Rows, keys_B: Key[Array, "B"] | None, kept: Sums
  ) -> tuple[Float[Array, ""], Sums]:
    options = self.train.objective
    features = model.features(rows.source, rows.target, keys_B)
    if rows.links is None:
      raise UserError("train.objective.kind=guided needs batches with word links")
    loss, found = likelihood(model, features, rows.target, options.label_smoothing)
    more = {name: numbers.sum() for name, numbers in features.losses.items()}
    alignment = distance(rows.links, features.alpha)
    steps = kept["updates"] // options.every
    weight = options.weight * jnp.float32(options.decay) ** steps.astype(jnp.float32)
    total = sum(more.values(), loss) + weight * alignment
    return total, {"loss": total, **summed(found), **more, "alignment": alignment}


def distance(
  links_BxTxJ: Int[Array, "B T J"], alpha_BxTxJ: Float[Array, "B T J"]
) -> Float[Array, ""]:
  """-sum A_tj log alpha_tj over all rows, each row of A being the links divided by their number.

  Weights that sum to more than 1, as Graves's window may, are divided by their sum: there would be
  no end to growing them.
  """
  links = links_BxTxJ.astype(jnp.float32)
  wanted = links / jnp.maximum(links.sum(axis=2, keepdims=True), 1)
  alpha = alpha_BxTxJ.astype(jnp.float32)
  alpha = alpha / jnp.maximum(alpha.sum(axis=2, keepdims=True), 1)
  return -(wanted * jnp.log(jnp.maximum(alpha, LEAST))).sum()
