"""Zoneout: what is drawn in training, and its expectation elsewhere."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt import models
from nmt.models import rebuild

KEYS = jax.random.split(jax.random.key(3), 4)


@pytest.fixture
def config(small):
  return small(**{"cell.kind": "lstm", "cell.zoneout": 0.3, "cell.layers": 2})


@pytest.fixture
def model(config, weights, sizes):
  params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), weights(config))
  return rebuild(config, *sizes, params)


def test_a_step_keeps_the_share_of_entries_and_on_average_is_the_expected_step(model):
  cell = model.encoder.forward.layers[0]
  random = np.random.default_rng(0)
  rows = 20_000
  s, m = jnp.asarray(random.standard_normal((2, 1, cell.size)), jnp.float32).repeat(rows, axis=1)
  x = jnp.asarray(random.standard_normal((1, cell.width)), jnp.float32).repeat(rows, axis=0)
  state = cell.start(s) | {"own": (s, m)}
  keyed = cell.drawing(state, jax.random.split(jax.random.key(0), rows))
  drawn, expected = (jax.jit(cell.__call__)(start, x)["own"] for start in (keyed, state))
  for old, new, mean in zip((s, m), drawn, expected, strict=True):
    np.testing.assert_allclose((new == old).mean(), 0.3, atol=0.01)
    np.testing.assert_allclose(new.mean(axis=0), mean[0], atol=0.03)
  assert not np.array_equal(drawn[0] == s, drawn[1] == m)


def test_what_is_drawn_depends_on_the_sentence_alone(config, model, pairs, pad):
  assert models.random(config)
  source, target = (jnp.asarray(pad(side, 8)) for side in zip(*pairs, strict=True))

  @jax.jit
  def features(model, source, target, keys):
    return model.features(source, target, keys)

  drawn = features(model, source, target, KEYS)
  for b, (x, y) in enumerate(pairs):
    one = slice(b, b + 1)
    alone = features(model, jnp.asarray([x]), jnp.asarray([y]), KEYS[one])
    np.testing.assert_allclose(drawn.t[b, : len(y)], alone.t[0], rtol=1e-5, atol=1e-6)
  other = features(model, source, target, KEYS[::-1])
  assert not np.allclose(drawn.t, other.t, atol=1e-3)


@pytest.mark.slow
def test_gradients_are_the_slopes_of_what_was_drawn(config, weights, sizes, pairs, pad):
  source, target = (jnp.asarray(pad(side)) for side in zip(*pairs, strict=True))
  with jax.enable_x64(True):
    params = jax.tree.map(jnp.asarray, weights(config))

    @jax.jit
    def loss(params):
      return (rebuild(config, *sizes, params).features(source, target, KEYS).t ** 2).sum()

    direction = jax.tree.map(jnp.ones_like, params)
    ends = [
      loss(jax.tree.map(lambda p, d, s=s: p + s * d, params, direction)) for s in (1e-6, -1e-6)
    ]
    found = sum(leaf.sum() for leaf in jax.tree.leaves(jax.jit(jax.grad(loss))(params)))
    np.testing.assert_allclose(found, (ends[0] - ends[1]) / 2e-6, rtol=1e-5)
