"""Maximum likelihood: the paper's objective, with what the attention mechanism adds."""

import jax

from nmt.models import Translation
from nmt.options import share
from nmt.training.objectives.base import Objective as Base
from nmt.training.objectives.base import Rows, Sums, likelihood, summed, whole

OPTIONS = {
  "label_smoothing": share(0.0, "share of the probability wished for that goes to all words alike"),
}


class Objective(Base):
  """-sum_i log p(y_i | y_<i, x), and the losses of attention.

  Label smoothing: Szegedy et al. (2016), section 7.
  """

  def sums(
    self, model: Translation, rows: Rows, keys_B: jax.Array | None, kept: Sums
  ) -> tuple[jax.Array, Sums]:
    features = whole(model.features(rows.source, rows.target, keys_B))
    loss, found = likelihood(model, features, rows.target, self.train.objective.label_smoothing)
    more = {name: numbers.sum() for name, numbers in features.losses.items()}
    loss = sum(more.values(), loss)
    return loss, {"loss": loss, **summed(found), **more}
