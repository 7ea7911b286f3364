"""Dropout keeps the mean, follows its keys, and does not see how a batch is cut."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt.models import rebuild
from nmt.models.dropout import dropout, split

KEYS = jax.random.split(jax.random.key(0), 64)


def test_the_mean_is_kept_and_the_rest_is_zero():
  dropped = dropout(KEYS, 0.3, jnp.ones((64, 10, 20)))
  np.testing.assert_allclose(dropped.mean(), 1, atol=0.02)
  np.testing.assert_allclose((dropped == 0).mean(), 0.3, atol=0.02)
  np.testing.assert_allclose(jnp.unique(dropped), [0, 1 / 0.7], rtol=1e-6)


def test_without_keys_or_rate_nothing_happens():
  x = jnp.arange(6.0).reshape(2, 3)
  assert dropout(None, 0.5, x) is x
  assert dropout(KEYS[:2], 0.0, x) is x
  assert split(None, 2) == [None, None]


def test_every_use_of_a_key_gets_another_mask():
  one, two = split(KEYS, 2)
  x = jnp.ones((64, 50))
  assert not jnp.array_equal(dropout(one, 0.5, x), dropout(two, 0.5, x))


@pytest.mark.parametrize("place", ["embedding", "state", "readout"])
def test_masks_belong_to_sentences(small, weights, sizes, pairs, pad, place):
  config = small(**{f"dropout.{place}": 0.5})
  params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), weights(config))
  source, target = (jnp.asarray(pad(side)) for side in zip(*pairs, strict=True))
  keys = KEYS[: len(pairs)]

  @jax.jit
  def features(source, target, keys):
    return rebuild(config, *sizes, params).features(source, target, keys)[0]

  whole = features(source, target, keys)
  halves = [features(source[i : i + 2], target[i : i + 2], keys[i : i + 2]) for i in (0, 2)]
  np.testing.assert_allclose(whole, jnp.concatenate(halves), rtol=1e-5, atol=1e-6)
  np.testing.assert_array_equal(whole, features(source, target, keys))
  assert not jnp.allclose(whole, features(source, target, keys[::-1]))
  plain = rebuild(config, *sizes, params).features(source, target)[0]
  assert not jnp.allclose(whole, plain)
