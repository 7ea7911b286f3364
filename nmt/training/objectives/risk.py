"""Minimum risk training: the expected loss of BLEU over translations that the model draws."""

import math
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, Shaped
from ml_collections import ConfigDict

from nmt.data.ids import BOS, EOS, PAD
from nmt.models import Translation
from nmt.models.dropout import split
from nmt.models.mixture import Mixture
from nmt.models.translation import before
from nmt.options import count, positive, real
from nmt.training.objectives.base import Objective as Base
from nmt.training.objectives.base import Rows, Sums
from nmt.training.sentence_bleu import sentence_bleu

OPTIONS = {
  "samples": count(100, "translations drawn of each sentence, k"),
  "sharpness": positive(0.005, "alpha: probabilities are raised to this power"),
  "longest": real(
    1.5,
    lambda x: 1 <= x < float("inf"),
    "1 or more",
    "longest translation drawn, in lengths of the target; there it is ended",
  ),
}

_POSITIONS = 1 << 12  # of which the logits are in memory at a time


class Objective(Base):
  """R = sum_{y in S(x)} Q(y) (1 - BLEU(y, target)), added up over sentences.

  Q(y) = P(y | x)^alpha / sum_{y' in S(x)} P(y' | x)^alpha           (Shen et al., 2016, section 3)

  S(x) is the target and what is drawn from the model word by word, each translation once; it is
  drawn without dropout, and nothing is differentiated through the draw. BLEU is that of ids
  (sentence_bleu.py), the end of sentence aside. The mechanism's losses are added, for the target.
  As any objective's, the sum is divided by the target tokens of an update.
  """

  random = True

  def sums(
    self, model: Translation, rows: Rows, keys_B: Key[Array, "B"] | None, kept: Sums
  ) -> tuple[Float[Array, ""], Sums]:
    assert keys_B is not None  # as `random` asks
    encoder_keys, decoder_keys, draw_keys = split(keys_B, 3)
    drawn = candidates(model, rows, draw_keys, self.train.objective)
    B, S, L = drawn.shape
    y_NxL = drawn.reshape(B * S, L)

    def repeat(x: Shaped[Array, "B *rest"]) -> Shaped[Array, "N *rest"]:
      return jnp.repeat(x, S, axis=0)

    memory, state = jax.tree.map(repeat, model.encode(rows.source, encoder_keys))
    features = model.decoder.features(memory, state, before(y_NxL), repeat(decoder_keys))
    log_p, right = words(model, features.t, y_NxL)
    log_p_BxS = log_p.sum(axis=1).reshape(B, S)

    bleu = sentence_bleu(without_end(y_NxL), repeat(without_end(rows.target)))
    scores = jnp.where(
      first_of_its_kind(drawn), self.train.objective.sharpness * log_p_BxS, -jnp.inf
    )
    risk_B = (jax.nn.softmax(scores, axis=1) * (1 - bleu.reshape(B, S))).sum(axis=1)
    real_B = (rows.target != PAD).any(axis=1)  # not a row that only fills the batch
    risk = jnp.where(real_B, risk_B, 0).sum()

    target_BxL = drawn[:, 0]
    more = {
      name: jnp.where(target_BxL != PAD, numbers.reshape(B, S, L)[:, 0], 0).sum()
      for name, numbers in features.losses.items()
    }
    loss = sum(more.values(), risk)
    found = {
      "nll": -log_p_BxS[:, 0].sum(),
      "correct": right.reshape(B, S, L)[:, 0].sum(dtype=jnp.int32),
      "tokens": (rows.target != PAD).sum(dtype=jnp.int32),
    }
    return loss, {"loss": loss, **found, **more, "risk": risk}


def candidates(
  model: Translation, rows: Rows, keys_B: Key[Array, "B"], options: ConfigDict
) -> Int[Array, "B S L"]:
  """S(x) of each sentence, BxSxL: its target, then what is drawn; each ended by EOS, then PAD."""
  model = jax.tree.map(jax.lax.stop_gradient, model)
  k = options.samples
  T = rows.target.shape[1]
  L = math.ceil(options.longest * T)
  target = jnp.pad(rows.target, ((0, 0), (0, L - T)))
  limit_B = (options.longest * (target != PAD).sum(axis=1)).astype(jnp.int32)
  limit_N = jnp.repeat(jnp.maximum(limit_B, 1), k)
  numbers = jnp.arange(k, dtype=jnp.int32)
  keys_N = jax.vmap(jax.vmap(jax.random.fold_in, (None, 0)), (0, None))(keys_B, numbers).reshape(-1)

  def step(carry: Any, i: Int[Array, ""]) -> tuple[Any, Int[Array, "N"]]:
    state, last_N, ended_N = carry
    state, (logits, _) = model.step(memory, state, last_N)
    ids = jnp.arange(logits.shape[1], dtype=jnp.int32)
    never = (ids == PAD) | (ids == BOS)
    logits = jnp.where(never[None], -jnp.inf, logits.astype(jnp.float32))
    step_keys = jax.vmap(jax.random.fold_in, (0, None))(keys_N, i)
    word_N = jax.vmap(jax.random.categorical)(step_keys, logits).astype(last_N.dtype)
    word_N = jnp.where(i + 1 >= limit_N, EOS, word_N)
    word_N = jnp.where(ended_N, PAD, word_N)
    return (state, word_N, ended_N | (word_N == EOS)), word_N

  memory, state = jax.tree.map(lambda x: jnp.repeat(x, k, axis=0), model.encode(rows.source))
  start = state, jnp.full(limit_N.shape, BOS, rows.target.dtype), jnp.zeros(limit_N.shape, bool)
  _, words_LxN = jax.lax.scan(step, start, jnp.arange(L, dtype=jnp.int32))
  drawn = words_LxN.T.reshape(-1, k, L)
  return jnp.concatenate([target[:, None], drawn], axis=1)


def first_of_its_kind(ids_BxSxL: Int[Array, "B S L"]) -> Bool[Array, "B S"]:
  """Which candidates (BxS) are not the same as one before them."""
  same_BxSxS = (ids_BxSxL[:, :, None] == ids_BxSxL[:, None]).all(axis=3)
  return ~jnp.tril(same_BxSxS, -1).any(axis=2)


def without_end(ids_BxL: Int[Array, "B L"]) -> Int[Array, "B L"]:
  """The same, with PAD for EOS."""
  return jnp.where(ids_BxL == EOS, PAD, ids_BxL)


def words(
  model: Translation, t_NxLxD: Float[Array, "N L D"] | Mixture, y_NxL: Int[Array, "N L"]
) -> tuple[Float[Array, "N L"], Bool[Array, "N L"]]:
  """log p of each word y_NxL, 0 for PAD, and whether it is the likeliest.

  Logits are made some at a time, and once more for the gradient, so that they are never all there.
  """
  if isinstance(t_NxLxD, Mixture):
    said, real = model.words(t_NxLxD, y_NxL), y_NxL != PAD
    return jnp.where(real, said.log_p, 0), real & said.right
  y = y_NxL.reshape(-1)
  chunks = max(1, -(-y.size // _POSITIONS))
  size = -(-y.size // chunks)
  t = t_NxLxD.reshape(y.size, -1)
  t, y = jnp.pad(t, ((0, chunks * size - len(t)), (0, 0))), jnp.pad(y, (0, chunks * size - y.size))

  @jax.checkpoint
  def some(
    t: Float[Array, "P D"], y: Int[Array, "P"]
  ) -> tuple[Float[Array, "P"], Bool[Array, "P"]]:
    logits = model.logits(t).astype(jnp.float32)
    chosen = jnp.take_along_axis(logits, y[:, None], axis=1)[:, 0]
    log_p = chosen - jax.nn.logsumexp(logits, axis=1)
    return jnp.where(y != PAD, log_p, 0), (y != PAD) & (chosen >= logits.max(axis=1))

  cut = t.reshape(chunks, size, -1), y.reshape(chunks, size)
  found = jax.lax.map(lambda one: some(*one), cut)
  log_p, right = (x.reshape(-1)[: y_NxL.size].reshape(y_NxL.shape) for x in found)
  return log_p, right
