"""How much each source word has to do with each word of a given translation.

f_i(x) is log p(y_i | y_<i, x), a function of the vectors x_j of the source words, or of the words
themselves. Each of the methods gives one number for every pair of a target and a source word.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int
from ml_collections import ConfigDict

from nmt.data.ids import PAD
from nmt.models.translation import Params, rebuild

OfVectors = Callable[[Float[Array, "B J M"]], Float[Array, "B T"]]
OfWords = Callable[[Int[Array, "B J"]], Float[Array, "B T"]]


_TOGETHER = 8  # target words whose gradients are taken at once


class Attribution(NamedTuple):
  """Of given pairs, 0 on padding; nats a word but for alpha, which is where the decoder looked.

  baseline: log p of the target where all vectors of source words are 0.
  """

  log_probs: Float[Array, "B T"]
  baseline: Float[Array, "B T"]
  alpha: Float[Array, "B T J"]
  gradient: Float[Array, "B T J"]
  integrated: Float[Array, "B T J"]
  occlusion: Float[Array, "B T J"]


def attribute(
  model: ConfigDict,
  sizes: tuple[int, int],
  params: Params,
  source_BxJ: Int[Array, "B J"],
  target_BxT: Int[Array, "B T"],
  steps: int,
) -> Attribution:
  """All methods, on pairs that end in EOS. sizes: of both vocabularies; steps: see `along`."""
  module = rebuild(model, *sizes, params)
  E_x, real_BxJ = module.encoder.E_x[...], source_BxJ != PAD
  x_BxJxM = jnp.where(real_BxJ[:, :, None], E_x[source_BxJ], 0)

  def of_vectors(x_BxJxM: Float[Array, "B J M"]) -> Float[Array, "B T"]:
    tokens_BxJ, own = _own_rows(model, params, x_BxJxM, real_BxJ)
    return _forced(*own, sizes, tokens_BxJ, target_BxT)[0]

  def of_words(source_BxJ: Int[Array, "B J"]) -> Float[Array, "B T"]:
    return _forced(model, params, sizes, source_BxJ, target_BxT)[0]

  log_probs, alpha = _forced(model, params, sizes, source_BxJ, target_BxT)
  path = along(of_vectors, x_BxJxM, steps)
  parts = path.gradient, path.integrated, occlusion(of_words, source_BxJ, log_probs)
  return Attribution(log_probs, path.baseline, alpha, *parts)


class Path(NamedTuple):
  """What f is and how it changes on the way from vectors of 0 to x."""

  baseline: Float[Array, "B T"]
  gradient: Float[Array, "B T J"]
  integrated: Float[Array, "B T J"]


def along(f: OfVectors, x_BxJxM: Float[Array, "B J M"], steps: int) -> Path:
  """Gradient x input, and integrated gradients from x = 0.

  gradient:   x_j . df_i / dx_j at x   (Denil et al., 2014; Shrikumar et al., 2016), the first-order
  estimate of what f_i loses with x_j = 0.
  integrated: x_j . integral over t of df_i / dx_j at t x, t from 0 to 1   (Sundararajan et al.,
  2017), which sums over j to f_i(x) - f_i(0), up to the error of Gauss-Legendre quadrature with so
  many steps.
  """
  nodes, weights = np.polynomial.legendre.leggauss(steps)
  places_S = np.array([0, 1, *(nodes + 1) / 2])
  of_each_Sx2 = np.array([(0, 0), (1, 0), *((0, weight / 2) for weight in weights)])

  def add(totals: list[Array], at: tuple[Array, Array]) -> tuple[list[Array], Array]:
    place, shares = at
    values, slopes = _slopes(f, place * x_BxJxM, x_BxJxM)
    return [total + share * slopes for total, share in zip(totals, shares, strict=True)], values

  (B, T), J = jax.eval_shape(f, x_BxJxM).shape, x_BxJxM.shape[1]
  nothing = [jnp.zeros((B, T, J), x_BxJxM.dtype)] * 2
  where = jnp.asarray(places_S, x_BxJxM.dtype), jnp.asarray(of_each_Sx2, x_BxJxM.dtype)
  (gradient, integrated), values_SxBxT = jax.lax.scan(add, nothing, where)
  return Path(values_SxBxT[0], gradient, integrated)


def _slopes(
  f: OfVectors, at_BxJxM: Float[Array, "B J M"], by_BxJxM: Float[Array, "B J M"]
) -> tuple[Float[Array, "B T"], Float[Array, "B T J"]]:
  """f_i, and by_j . df_i / dx_j."""
  values, back = jax.vjp(f, at_BxJxM)

  def of_one(i: Int[Array, ""]) -> Float[Array, "B J"]:
    (slope,) = back(jnp.zeros_like(values).at[:, i].set(1))
    product: Float[Array, "B J"] = (slope * by_BxJxM).sum(axis=2)
    return product

  T = values.shape[1]
  # A few target words at a time: all at once would keep T times what an update keeps.
  found = jax.lax.map(of_one, jnp.arange(T), batch_size=min(_TOGETHER, T))
  return values, found.swapaxes(0, 1)


def occlusion(
  f: OfWords, source_BxJ: Int[Array, "B J"], whole_BxT: Float[Array, "B T"]
) -> Float[Array, "B T J"]:
  """f_i(x) - f_i(x without word j), from f_i(x): the word is left out, and those after it move up.

  So Li, Monroe and Jurafsky (2016) and Jain and Wallace (2019) erase a word; [UNK] in its place
  would be a word that many models have hardly been trained on.
  """
  moved_BxJ = jnp.pad(source_BxJ[:, 1:], ((0, 0), (0, 1)), constant_values=PAD)
  place_1xJ = jnp.arange(source_BxJ.shape[1])[None]

  def without(j: Int[Array, ""]) -> Float[Array, "B T"]:
    return whole_BxT - f(jnp.where(place_1xJ < j, source_BxJ, moved_BxJ))

  found: Float[Array, "J B T"] = jax.lax.map(without, jnp.arange(source_BxJ.shape[1]))
  return jnp.moveaxis(found, 0, 2)


def _forced(
  model: ConfigDict,
  params: Params,
  sizes: tuple[int, int],
  source_BxJ: Int[Array, "B J"],
  target_BxT: Int[Array, "B T"],
) -> tuple[Float[Array, "B T"], Float[Array, "B T J"]]:
  """log p(y_i | y_<i, x) and alpha; 0 where the target is padding."""
  module = rebuild(model, *sizes, params)
  features = module.features(source_BxJ, target_BxT)
  logits = module.logits(features.t)
  log_p = jax.nn.log_softmax(logits.astype(jnp.promote_types(logits.dtype, jnp.float32)))
  chosen = jnp.take_along_axis(log_p, target_BxT[:, :, None], axis=2)[:, :, 0]
  real_BxT = target_BxT != PAD
  alpha = module.alignments(source_BxJ, target_BxT, features)
  return jnp.where(real_BxT, chosen, 0), jnp.where(real_BxT[:, :, None], alpha, 0)


def _own_rows(
  model: ConfigDict, params: Params, x_BxJxM: Float[Array, "B J M"], real_BxJ: Bool[Array, "B J"]
) -> tuple[Int[Array, "B J"], tuple[ConfigDict, Params]]:
  """Tokens and a model in which each position of a batch has a word, and a vector, of its own.

  So a vector can be changed at one place, without the encoders knowing of it.
  """
  B, J, M = x_BxJxM.shape
  table = jnp.concatenate([jnp.zeros((PAD + 1, M), x_BxJxM.dtype), x_BxJxM.reshape(B * J, M)])
  tokens_BxJ = jnp.where(real_BxJ, PAD + 1 + jnp.arange(B * J).reshape(B, J), PAD)
  apart = model.copy_and_resolve_references()
  apart.joint = False  # the target's words keep their table
  return tokens_BxJ, (apart, params | {"encoder": params["encoder"] | {"E_x": table}})
