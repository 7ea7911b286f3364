"""Variational attention: a bound on the likelihood, with a network that infers the alignment."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key
from ml_collections import ConfigDict

from nmt.data.ids import PAD
from nmt.models import Translation
from nmt.models.dropout import split
from nmt.models.mixture import Mixture, takes_part
from nmt.models.orders.base import Features
from nmt.options import choice
from nmt.refusals import INFERS, MIXES, Condition, needs, refuses_values
from nmt.training.objectives.base import Objective as Base
from nmt.training.objectives.base import Rows, Sums, likelihood

OPTIONS = {
  "expectation": choice(
    "enumerated",
    ("enumerated", "sampled"),
    "E_q over all source words, or estimated from one that is drawn from q",
  ),
}
TRAITS = (INFERS,)
REFUSES = (
  needs("model.attention", MIXES, "there is no alignment to infer"),
  refuses_values(
    Condition(
      "model.attention.inference is not True",
      lambda flat: not flat.get("model.attention.inference", True),
    ),
    "that network is what it trains",
  ),
)


class Objective(Base):
  """-sum_i E_q[log p(y_i | s_i, h_z)] + KL[q(z) || alpha_i], q = q(z | x, y): minus the ELBO.

  Deng et al. (2018), section 3, categorical alignments. q is restricted to the words of which alpha
  is not 0, as there. The losses of attention are added. Summed over all words, which costs J
  readouts, nll is that of the exact marginal.

  Sampled, with one z ~ q and f_z = log p(y_i | s_i, h_z), its gradient is that of equation 1,

  d f_z + (f_z - B) d log q(z) - d KL,  B = log p(y_i | s_i, c_i)

  in which the baseline B, the readout of the mean under alpha, is not differentiated. It costs two
  readouts, whatever J is; nll is then the estimated bound, which is larger than that of the
  marginal on average. Validation has the marginal always.
  """

  def __init__(self, train: ConfigDict):
    super().__init__(train)
    self.sampled = train.objective.expectation == "sampled"
    self.random = self.sampled

  def sums(
    self, model: Translation, rows: Rows, keys_B: Key[Array, "B"] | None, kept: Sums
  ) -> tuple[Float[Array, ""], Sums]:
    model_keys, inference_keys, draw_keys = split(keys_B, 3)
    features = model.features(rows.source, rows.target, model_keys)
    t, real = features.t, rows.target != PAD
    assert isinstance(t, Mixture)  # as REFUSES asks
    log_q = model.infer(rows.source, rows.target, t.log_alpha, inference_keys)
    kl = total(divergence(log_q, t.log_alpha), real)
    if self.sampled:
      assert draw_keys is not None  # as `random` asks
      loss, found = sampled(model, features, t, rows.target, log_q, draw(log_q, draw_keys))
      found["nll"] += kl
    else:
      seen = model.words(t, rows.target)
      loss = -total((jnp.exp(log_q) * seen.each).sum(axis=2), real)
      correct = (real & seen.right).sum(dtype=jnp.int32)
      found = {"nll": -total(seen.log_p, real), "correct": correct}
    more = {name: numbers.sum() for name, numbers in features.losses.items()} | {"kl": kl}
    loss = sum(more.values(), loss)
    return loss, {"loss": loss, "tokens": real.sum(dtype=jnp.int32), **found, **more}


def sampled(
  model: Translation,
  features: Features,
  t: Mixture,
  y_BxT: Int[Array, "B T"],
  log_q_BxTxJ: Float[Array, "B T J"],
  z_BxT: Int[Array, "B T"],
) -> tuple[Float[Array, ""], Sums]:
  """-sum_i log p(y_i | s_i, h_z), of which the gradient by q is estimated, and `nll`, `correct`."""

  def forced(t_BxTxL: Float[Array, "B T L"]) -> tuple[Float[Array, ""], dict[str, Any]]:
    return likelihood(model, features._replace(t=t_BxTxL), y_BxT)

  loss, found = forced(model.decoder.read(t, t.at(z_BxT)))
  soft = model.decoder.read(t, t.averaged(model.product))
  _, baseline = forced(jax.lax.stop_gradient(soft))
  advantage = jax.lax.stop_gradient(baseline["nll_BxT"] - found["nll_BxT"])
  log_q = jnp.take_along_axis(log_q_BxTxJ, z_BxT[:, :, None], axis=2)[..., 0]
  nothing = log_q - jax.lax.stop_gradient(log_q)  # that has the gradient of log q
  loss -= total(advantage * nothing, y_BxT != PAD)
  return loss, {"nll": found["nll_BxT"].sum(), "correct": found["correct"]}


def total(numbers_BxT: Float[Array, "B T"], real_BxT: Bool[Array, "B T"]) -> Float[Array, ""]:
  """The sum over real words."""
  return jnp.where(real_BxT, numbers_BxT, 0).sum()


def divergence(
  log_q_BxTxJ: Float[Array, "B T J"], log_alpha_BxTxJ: Float[Array, "B T J"]
) -> Float[Array, "B T"]:
  """KL[q || alpha] of each target word."""
  terms = jnp.exp(log_q_BxTxJ) * (log_q_BxTxJ - log_alpha_BxTxJ)
  return jnp.where(takes_part(log_alpha_BxTxJ), terms, 0).sum(axis=2)


def draw(log_q_BxTxJ: Float[Array, "B T J"], keys_B: Key[Array, "B"]) -> Int[Array, "B T"]:
  """z_i ~ q_i for each target word; a sentence's padding changes nothing."""
  steps = jnp.arange(log_q_BxTxJ.shape[1], dtype=jnp.int32)
  keys = jax.vmap(jax.vmap(jax.random.fold_in, (None, 0)), (0, None))(keys_B, steps)
  z_BxT: Int[Array, "B T"] = jax.vmap(jax.vmap(jax.random.categorical))(keys, log_q_BxTxJ)
  return z_BxT
