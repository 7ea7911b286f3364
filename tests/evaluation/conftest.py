"""A run that is no network: it copies its source word by word, looking at each word in turn."""

import jax
import jax.numpy as jnp
import pytest
from ml_collections import ConfigDict

from nmt.data.ids import PAD
from nmt.data.tokenizers import Normalized
from nmt.data.words import Words
from nmt.decoding.trained import Run

_SHARP = 6.0  # logit of the word that is copied; all others have 0


def encode(params, source_BxJ):
  return jnp.asarray(source_BxJ), jnp.zeros(len(source_BxJ), jnp.int32)


def step(params, memory_BxJ, t_B, y_B):
  last_B = (memory_BxJ != PAD).sum(axis=1) - 1
  alpha_BxJ = jax.nn.one_hot(jnp.minimum(t_B, last_B), memory_BxJ.shape[1])
  words_B = jnp.take_along_axis(memory_BxJ, jnp.minimum(t_B, last_B)[:, None], axis=1)[:, 0]
  V = params["unit"].shape[0]
  slope_1xV = 1e-5 * jnp.arange(V)[None]  # no ties, and the end is no second best
  return t_B + 1, (params["sharp"] * jax.nn.one_hot(words_B, V) + slope_1xV, alpha_BxJ)


def force(params, source_BxJ, target_BxT):
  memory, state = encode(params, source_BxJ)

  def one(state, y_B):
    state, (logits_BxV, alpha_BxJ) = step(params, memory, state, y_B)
    log_probs_BxV = jax.nn.log_softmax(logits_BxV)
    return state, (jnp.take_along_axis(log_probs_BxV, y_B[:, None], axis=1)[:, 0], alpha_BxJ)

  _, (log_probs_TxB, alpha_TxBxJ) = jax.lax.scan(one, state, jnp.asarray(target_BxT).T)
  return log_probs_TxB.T, alpha_TxBxJ.transpose(1, 0, 2)


class Changeable(Run):
  """Tests put other parts in."""

  __setattr__ = object.__setattr__


@pytest.fixture
def run():
  words = ["le", "chat", "noir", "dort", "ici", ",", ".", "[", "]", "un", "petit"]
  tokenizer = Normalized(Words("fr", words))
  decode = dict(
    beam=2, length_penalty=1.0, coverage_penalty=0.0, max_ratio=2.0, batch=4, forbid_unk=False
  )
  data = dict(source="fr", target="fr", normalize="nfc")
  return Changeable(
    config=ConfigDict({"data": data, "decode": decode, "evaluation": {"tokenizer": ""}}),
    aligns=True,
    source=tokenizer,
    target=tokenizer,
    params={"sharp": jnp.float32(_SHARP), "unit": jnp.zeros(tokenizer.size)},
    update=100,
    encode=encode,
    step=step,
    force=force,
  )
