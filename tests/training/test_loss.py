"""The cross-entropy is the textbook's, for real tokens only, and its gradient is autodiff's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt.data.ids import PAD
from nmt.training.loss import cross_entropy, loss_sums

N, V = 7, 11


def textbook(logits, y, real, smoothing):
  log_p = jax.nn.log_softmax(logits)
  wanted = (1 - smoothing) * jax.nn.one_hot(y, V) + smoothing / V
  return -((wanted * log_p).sum(axis=1) * real).sum()


@pytest.fixture
def rows():
  random = np.random.default_rng(0)
  logits = jnp.asarray(random.normal(size=(N, V)) * 3, jnp.float32)
  return logits, jnp.asarray(random.integers(0, V, N)), jnp.arange(N) % 3 != 1


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_value_and_gradient(rows, smoothing):
  logits, y, real = rows
  loss, nll, correct = cross_entropy(logits, y, real, smoothing)
  np.testing.assert_allclose(loss, textbook(logits, y, real, smoothing), rtol=1e-6)
  np.testing.assert_allclose(nll, textbook(logits, y, real, 0.0), rtol=1e-6)
  assert correct == (np.argmax(logits, axis=1) == y)[np.asarray(real)].sum()
  ours = jax.grad(lambda x: 2 * cross_entropy(x, y, real, smoothing)[0])(logits)
  theirs = jax.grad(lambda x: 2 * textbook(x, y, real, smoothing))(logits)
  np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_large_logits_stay_finite(rows):
  logits, y, real = rows
  assert np.isfinite(cross_entropy(logits * 1e30, y, real, 0.1)[0])


class Table:
  """A model whose logits are looked up by position and previous length only."""

  def features(self, source, target, keys):
    B, T = target.shape
    t = jnp.sin(jnp.arange(T * V, dtype=jnp.float32).reshape(1, T, V))
    return jnp.broadcast_to(t, (B, T, V)), None

  def logits(self, t):
    return t


def test_padding_weighs_nothing_and_sums_add_up():
  target = np.array([[4, 5, 2, PAD], [6, 2, PAD, PAD], [PAD] * 4], np.int32)
  whole, sums = loss_sums(Table(), target, target, 0.1)
  longer, _ = loss_sums(Table(), target, np.pad(target, ((0, 2), (0, 3))), 0.1)
  parts = [loss_sums(Table(), target, target[i : i + 1], 0.1)[0] for i in range(3)]
  assert sums["tokens"] == 5
  np.testing.assert_allclose(whole, longer, rtol=1e-6)
  np.testing.assert_allclose(whole, sum(parts), rtol=1e-6)
  assert parts[2] == 0
