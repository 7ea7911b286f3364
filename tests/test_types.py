"""The types of arrays say their shapes, and `conftest.py` has every call of a test held to them."""

import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import TypeCheckError

from configs import base
from nmt import models
from nmt.decoding.topk import best_tokens
from nmt.evaluation.attention import merge
from nmt.models.dropout import dropout
from nmt.training.optimizer import clip_factor

ROOT = Path(__file__).parents[1]
PACKAGES = "models", "training", "decoding", "evaluation"
ANY_SHAPE = {"nmt/models/late.py"}  # its arrays are what a step of any kind multiplies or carries


def test_attention_refuses_a_state_of_another_batch():
  config = base.get_config().model
  config.update(size=6, embedding=6)
  model = models.rebuild(config, 9, 9, models.init(config, 9, 9, seed=0))
  attention = model.decoder.attention
  memory = attention.remember(jnp.zeros((2, 3, 12)), jnp.ones((2, 3), bool))
  assert attention.attend(jnp.zeros((2, 6)), memory, (), None).alpha_BxJ.shape == (2, 3)
  # One row would be taken for every row.
  with pytest.raises(TypeCheckError, match="parameter 'query'"):
    attention.attend(jnp.zeros((1, 6)), memory, (), None)


@pytest.mark.parametrize(
  "call",
  [
    lambda: dropout(jax.random.split(jax.random.key(0), 3), 0.5, jnp.zeros((2, 4))),
    lambda: clip_factor(base.get_config().train, jnp.zeros(3)),
    lambda: best_tokens(jnp.zeros((1, 2, 5)), jnp.zeros(4), jnp.zeros((2, 1))),
    lambda: merge(np.zeros(3), [0, 1], [], 2, 0),
  ],
  ids=PACKAGES,
)
def test_each_package_refuses_shapes_that_do_not_agree(call):
  with pytest.raises(TypeCheckError):
    call()


def test_every_array_has_a_shape():
  files = [path for package in PACKAGES for path in (ROOT / "nmt" / package).rglob("*.py")]
  assert len(files) > 40
  bare = {
    path.relative_to(ROOT).as_posix()
    for path in files
    if re.search(r"jax\.Array|jnp\.ndarray|(?<!\[)np\.ndarray", path.read_text(encoding="utf-8"))
  }
  assert bare == ANY_SHAPE
