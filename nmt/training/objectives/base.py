"""What an objective is, and the likelihood of the target that most are made of."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, Shaped
from ml_collections import ConfigDict

from nmt.data.ids import PAD
from nmt.models import Translation
from nmt.models.mixture import Mixture
from nmt.models.orders.base import Features
from nmt.training.attention_sums import attention_sums
from nmt.training.cross_entropy import cross_entropy

Sums = dict[str, Shaped[Array, ""]]


class Rows(NamedTuple):
  """A batch on the devices: source_BxJ, target_BxT and, if the objective asks, links_BxTxJ.

  links: int8, 1 where a target token is linked to a source token.
  """

  source: Int[Array, "B J"]
  target: Int[Array, "B T"]
  links: Int[Array, "B T J"] | None = None


class Objective:
  """The loss of a batch as sums over its real target tokens, of which `loss` has the gradient.

  Sums, not means: those of two shards, or of two batches of one update, add up to those of the
  whole. `tokens` is what they are divided by, `nll` gives the perplexity, `correct` the accuracy;
  metrics have any other sum by its name, divided by the tokens.
  """

  links = False  # whether `sums` needs links, which the corpus then must have
  random = False  # whether `sums` needs keys, even if nothing in the model does

  def __init__(self, train: ConfigDict):
    self.train = train

  def begin(self) -> Sums:
    """What is kept from update to update, such as a baseline; most keep nothing."""
    return {}

  def sums(
    self, model: Translation, rows: Rows, keys_B: Key[Array, "B"] | None, kept: Sums
  ) -> tuple[Float[Array, ""], Sums]:
    """The loss, and all sums, it among them.

    kept: what `keep` gave last, and `updates`, how many were made.
    """
    raise TypeError(f"{type(self).__module__} has no sums")

  def keep(self, kept: Sums, totals: Sums) -> Sums:
    """What is kept after an update with these sums."""
    return kept


def likelihood(
  model: Translation,
  features: Features,
  target_BxT: Int[Array, "B T"],
  label_smoothing: float = 0.0,
) -> tuple[Float[Array, ""], dict[str, Shaped[Array, "..."]]]:
  """The sum of the loss, and `nll_BxT`, `correct` and `tokens`; see `cross_entropy`."""
  real = target_BxT != PAD
  if isinstance(features.t, Mixture):
    said = model.words(features.t, target_BxT)
    losses = -(1 - label_smoothing) * said.log_p + label_smoothing * said.uniform
    found = {
      "nll_BxT": jax.lax.stop_gradient(jnp.where(real, -said.log_p, 0)),
      "correct": (real & said.right).sum(dtype=jnp.int32),
      "tokens": real.sum(dtype=jnp.int32),
    }
    return jnp.where(real, losses, 0).sum(), found
  loss, nll, correct = cross_entropy(
    model.product,
    label_smoothing,
    features.t.reshape(-1, features.t.shape[-1]),
    *model.output(),
    target_BxT.reshape(-1),
    real.reshape(-1),
  )
  found = {"nll_BxT": nll.reshape(real.shape), "correct": correct}
  return loss, found | {"tokens": real.sum(dtype=jnp.int32)}


def evaluate(model: Translation, rows: Rows) -> Sums:
  """Sums of a batch, without noise: `nll`, `correct`, `tokens`, and those of `attention_sums`."""
  features = model.features(rows.source, rows.target)
  _, found = likelihood(model, features, rows.target)
  return summed(found) | attention_sums(features.alpha, rows.source != PAD, rows.target != PAD)


def summed(found: dict[str, Any]) -> Sums:
  """`likelihood`'s sums, with `nll` for `nll_BxT`."""
  return {"nll": found["nll_BxT"].sum(), "correct": found["correct"], "tokens": found["tokens"]}
