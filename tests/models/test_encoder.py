"""The encoder sees every real word of its sentence and nothing else."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt.models import rebuild


@pytest.fixture
def model(small, weights, sizes):
  config = small()
  params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), weights(config))
  return rebuild(config, *sizes, params)


@jax.jit
def encode(model, source):
  return model.encoder(source, source != 0)


def test_padding_and_neighbours_change_no_annotation(model, pairs, pad):
  source = jnp.asarray(pad([x for x, _ in pairs], 9))
  h, first = encode(model, source)
  for b, (x, _) in enumerate(pairs):
    h_alone, first_alone = encode(model, jnp.asarray([x]))
    np.testing.assert_allclose(h[b, : len(x)], h_alone[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(first[b], first_alone[0], rtol=1e-5, atol=1e-6)


def test_the_first_backward_state_is_in_the_first_annotation(model, pairs, pad):
  source = jnp.asarray(pad([x for x, _ in pairs]))
  h, first = encode(model, source)
  np.testing.assert_array_equal(h[:, 0, h.shape[2] // 2 :], first)


def test_annotations_look_around(model):
  def forward_and_backward(changed):
    h, _ = encode(model, np.array([[4, 5, changed, 2]]))
    return np.split(np.asarray(h[0]), 2, axis=1)

  (forward, backward), (forward_2, backward_2) = map(forward_and_backward, (6, 9))
  np.testing.assert_array_equal(forward[:2], forward_2[:2])
  np.testing.assert_array_equal(backward[3], backward_2[3])
  assert (forward[2:] != forward_2[2:]).all()
  assert (backward[:3] != backward_2[:3]).all()
