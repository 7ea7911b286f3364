"""The cross-entropy is the textbook's, for real tokens only, and its gradient is autodiff's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt.models.products import exact
from nmt.training.cross_entropy import cross_entropy

V, L = 11, 5


def textbook(t, W, b, y, real, smoothing):
  log_p = jax.nn.log_softmax(t @ W.T + b[None])
  wanted = (1 - smoothing) * jax.nn.one_hot(y, V) + smoothing / V
  return -((wanted * log_p).sum(axis=1) * real).sum()


@pytest.fixture(params=[7, 12], ids=["whole", "in chunks"])
def rows(request):
  random = np.random.default_rng(0)
  N = request.param
  t, W, b = (jnp.asarray(random.normal(size=s) * 2, jnp.float32) for s in ((N, L), (V, L), V))
  return t, W, b, jnp.asarray(random.integers(0, V, N)), jnp.arange(N) % 3 != 1


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_value_and_gradient(rows, smoothing):
  t, W, b, y, real = rows
  loss, nll, correct = cross_entropy(exact, smoothing, *rows)
  np.testing.assert_allclose(loss, textbook(*rows, smoothing), rtol=1e-6)
  each = [textbook(t[i : i + 1], W, b, y[i : i + 1], real[i : i + 1], 0.0) for i in range(len(y))]
  np.testing.assert_allclose(nll, each, rtol=1e-5, atol=1e-6)
  assert correct == (np.argmax(t @ W.T + b[None], axis=1) == y)[np.asarray(real)].sum()

  def slopes(function):
    return jax.value_and_grad(lambda *x: 2 * function(*x, y, real), argnums=(0, 1, 2))(t, W, b)

  ours, our_slopes = slopes(lambda *rows: cross_entropy(exact, smoothing, *rows)[0])
  theirs, their_slopes = slopes(lambda *rows: textbook(*rows, smoothing))
  np.testing.assert_allclose(ours, theirs, rtol=1e-6)
  for got, wanted in zip(our_slopes, their_slopes, strict=True):
    np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_large_logits_stay_finite(rows):
  t, *others = rows
  assert np.isfinite(cross_entropy(exact, 0.1, t * 1e30, *others)[0])
