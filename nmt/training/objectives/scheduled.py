"""Scheduled sampling: the likelihood, in which the previous word is at times the model's own."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from nmt.data.ids import PAD
from nmt.models import Translation
from nmt.models.dropout import split
from nmt.models.translation import before
from nmt.options import amount, choice, real, share
from nmt.training.objectives.base import Objective as Base
from nmt.training.objectives.base import Rows, Sums, likelihood, summed

OPTIONS = {
  "label_smoothing": share(0.0, "share of the probability wished for that goes to all words alike"),
  "schedule": choice(
    "inverse_sigmoid",
    ("linear", "exponential", "inverse_sigmoid"),
    "how epsilon_i, the probability of the target's word, falls with the updates i made",
  ),
  "slope": amount(1e-5, "linear: c in epsilon_i = max(least, 1 - c i)"),
  "least": share(0.0, "linear: the lowest epsilon_i"),
  "speed": real(
    10_000.0,
    lambda x: 1 < x < float("inf"),
    "above 1",
    "k of inverse_sigmoid, k / (k + exp(i / k)); exponential: epsilon_i = (1 - 1 / speed) ** i",
  ),
  "own": choice("sampled", ("sampled", "likeliest"), "how the model's own word is chosen"),
}


class Objective(Base):
  """-sum_i log p(y_i | y^_<i, x)   (Bengio et al., 2015, section 2.4).

  Each previous word y^_i is the target's y_i with probability epsilon, and else the model's own:
  drawn from p(. | y^_<i, x), or its likeliest word. The losses of attention are added.

  Nothing is differentiated through that choice, as in the article. So it is made first, one step
  after the other, and all steps are then trained at once on the words it gave, which comes to the
  same. The model chooses as it does in search: with neither dropout nor noise.
  """

  random = True

  def sums(
    self, model: Translation, rows: Rows, keys_B: Key[Array, "B"] | None, kept: Sums
  ) -> tuple[Float[Array, ""], Sums]:
    options = self.train.objective
    previous, own_BxT = before(rows.target), jnp.zeros(rows.target.shape, bool)
    if keys_B is not None:
      previous, own_BxT = self.mixed(model, rows, split(keys_B, 3)[2], self.epsilon(kept))
    features = model.features(rows.source, rows.target, keys_B, previous)
    loss, found = likelihood(model, features, rows.target, options.label_smoothing)
    more = {name: numbers.sum() for name, numbers in features.losses.items()}
    loss = sum(more.values(), loss)
    own = own_BxT.sum(dtype=jnp.float32)
    return loss, {"loss": loss, **summed(found), **more, "own_words": own}

  def epsilon(self, kept: Sums) -> Float[Array, ""]:
    """The probability of the target's word after so many updates."""
    options, i = self.train.objective, kept["updates"].astype(jnp.float32)
    if options.schedule == "linear":
      return jnp.maximum(options.least, 1 - options.slope * i)
    if options.schedule == "exponential":
      return jnp.exp(i * jnp.log1p(-1 / options.speed))
    return jax.nn.sigmoid(jnp.log(options.speed) - i / options.speed)

  def mixed(
    self, model: Translation, rows: Rows, keys_B: Key[Array, "B"], epsilon: Float[Array, ""]
  ) -> tuple[Int[Array, "B T"], Bool[Array, "B T"]]:
    """The previous words y^_BxT, BOS first, and which of them are the model's own."""
    model = jax.tree.map(jax.lax.stop_gradient, model)
    memory, start = model.encode(rows.source)
    sampled = self.train.objective.own == "sampled"
    T = rows.target.shape[1]

    def step(carry: Any, inputs: Any) -> tuple[Any, tuple[Int[Array, "B"], Bool[Array, "B"]]]:
      state, last_B = carry
      truth_B, counts_B, number = inputs
      state, (logits, _) = model.step(memory, state, last_B)
      coins, words = split(jax.vmap(jax.random.fold_in, (0, None))(keys_B, number), 2)
      own_B = jax.vmap(jax.random.bernoulli, (0, None))(coins, 1 - epsilon) & counts_B
      logits = logits.astype(jnp.float32)
      chosen = jax.vmap(jax.random.categorical)(words, logits) if sampled else logits.argmax(axis=1)
      word_B = jnp.where(own_B, chosen.astype(truth_B.dtype), truth_B)
      return (state, word_B), (word_B, own_B)

    first_B = before(rows.target)[:, 0]
    counts = rows.target[:, 1:].T != PAD  # whether a word follows
    inputs = rows.target[:, :-1].T, counts, jnp.arange(T - 1, dtype=jnp.int32)
    _, (words, own) = jax.lax.scan(step, (start, first_B), inputs)
    previous = jnp.concatenate([first_B[:, None], words.T], axis=1)
    return previous, jnp.pad(own.T, ((0, 0), (1, 0)))
