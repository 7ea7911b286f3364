"""Hard attention draws by alpha in training, looks at the likeliest word in search, and learns."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt.models import rebuild

B, J = 4000, 3


@pytest.fixture
def mechanism(small, weights, sizes):
  def make(expected):
    config = small(**{"attention.kind": "hard", "attention.expected": expected})
    params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), weights(config))
    return rebuild(config, *sizes, params).decoder.attention

  return make


def twice(mechanism):
  """Two steps over the same three words for many sentences: both glances, and alpha."""
  random = np.random.default_rng(0)
  h = jnp.asarray(np.tile(random.standard_normal((1, J, 12)), (B, 1, 1)), jnp.float32)
  s = jnp.asarray(np.tile(random.standard_normal((1, 6)), (B, 1)), jnp.float32)
  memory = mechanism.remember(h, jnp.ones((B, J), bool))
  keys = jax.random.split(jax.random.key(1), (2, B))
  one = mechanism.attend(s, memory, mechanism.begin(memory), keys[0])
  two = mechanism.attend(s, memory, one.carry, keys[1])
  soft = mechanism.energy.attend(s, memory["energy"], (), None)
  search = mechanism.search(s, memory, mechanism.begin(memory))
  return jax.tree.map(np.asarray, (one, two, search, soft.alpha_BxJ[0]))


def test_words_are_drawn_as_often_as_alpha_says(mechanism):
  one, two, search, alpha = twice(mechanism(expected=0.0))
  assert 0.1 < alpha.max() < 0.9
  for glance in (one, two):
    assert set(np.unique(glance.weights)) == {0.0, 1.0}
    np.testing.assert_allclose(glance.weights.mean(axis=0), alpha, atol=4 * 0.5 / np.sqrt(B))
    log_p = (glance.weights * np.log(alpha)).sum(axis=1)
    np.testing.assert_allclose(glance.drawn, log_p, rtol=1e-5)
  agreement = (one.weights == two.weights).all(axis=1).mean()  # steps are drawn independently
  assert abs(agreement - (alpha**2).sum()) < 4 * 0.5 / np.sqrt(B)
  assert (search.weights.argmax(axis=1) == alpha.argmax()).all()


def test_a_share_of_the_sentences_gets_the_mean_in_all_steps(mechanism):
  one, two, _, alpha = twice(mechanism(expected=0.3))
  soft = [(np.abs(glance.weights - alpha) < 1e-6).all(axis=1) for glance in (one, two)]
  np.testing.assert_array_equal(*soft)
  assert abs(soft[0].mean() - 0.3) < 4 * 0.5 / np.sqrt(B)
  assert (one.drawn[soft[0]] == 0).all()
