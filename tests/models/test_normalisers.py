"""What every normaliser must hold, whichever file it lives in, against the oracle's bisection."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt import kinds

LENGTHS = np.array([7, 1, 4, 0])
REAL = jnp.asarray(np.arange(7)[None] < LENGTHS[:, None])
CHOICES = [{"normaliser.kind": kind} for kind in kinds.names("model.normaliser")]
CHOICES += [{"normaliser.kind": "softmax", "normaliser.temperature": 0.3}]
CHOICES += [{"normaliser.kind": "csparsemax", "normaliser.fertility": 0.4}]


@pytest.fixture(params=CHOICES, ids=lambda choice: "-".join(map(str, choice.values())))
def choice(request):
  return request.param


@pytest.fixture
def normalise(choice, small):
  """normalise(e, real, spent), whether or not it depends on what is spent."""
  made = kinds.find("model.normaliser", choice["normaliser.kind"]).make(small(**choice))
  if len(inspect.signature(made).parameters) == 3:
    return made
  return lambda e, real, spent: made(e, real)


@pytest.fixture
def inputs():
  random = np.random.default_rng(7)
  return random.normal(0, 2, (2, *REAL.shape)), random.uniform(0, 0.5, (2, *REAL.shape))


def slow(oracle, e, spent, choice):
  """Row by row, of the real words alone."""
  alpha = np.zeros_like(e)
  for i in range(2):
    for b, J in enumerate(LENGTHS):
      if J:
        alpha[i, b, :J] = oracle.normalise(e[i, b, :J], oracle.BASE | choice, spent[i, b, :J])
  return alpha


def test_it_is_the_papers(normalise, choice, inputs, oracle):
  with jax.enable_x64(True):
    alpha = jax.jit(normalise)(*map(jnp.asarray, (inputs[0], REAL, inputs[1])))
  assert alpha.dtype == np.float64
  np.testing.assert_allclose(alpha, slow(oracle, *inputs, choice), atol=1e-12)
  assert (np.asarray(alpha)[:, ~REAL] == 0).all()


def test_gradients_are_the_slopes_of_the_oracle(normalise, choice, inputs, oracle):
  mix = np.random.default_rng(8).standard_normal(inputs[0].shape)
  with jax.enable_x64(True):
    found = jax.jit(
      jax.grad(lambda pair: (normalise(pair[0], jnp.asarray(REAL), pair[1]) * mix).sum())
    )(tuple(map(jnp.asarray, inputs)))
  for which in (0, 1):
    for place in np.ndindex(inputs[0].shape):
      ends = []
      for sign in (1, -1):
        moved = [array.copy() for array in inputs]
        moved[which][place] += sign * 1e-6
        ends.append((slow(oracle, *moved, choice) * mix).sum())
      np.testing.assert_allclose(found[which][place], (ends[0] - ends[1]) / 2e-6, atol=1e-7)


@pytest.mark.parametrize("size", [0.0, 1e-3, 1e4, 1e9, 3e38])
def test_no_energy_is_too_large(normalise, size):
  real = jnp.asarray([[True, True, False], [True, False, False], [False, False, False]])
  e = size * jnp.asarray([[1.0, -1.0, 1.0], [-1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
  for spent in (0 * e, jnp.full_like(e, 1.7)):
    alpha = normalise(e, real, spent)
    np.testing.assert_allclose(alpha.sum(axis=1), [1, 1, 0], atol=1e-6)
    assert (alpha[~real] == 0).all()
    gradient = jax.grad(lambda e, spent: (normalise(e, real, spent) ** 2).sum())(e, spent)
    assert np.isfinite(gradient).all()


def test_what_stands_on_padding_is_never_read(normalise, inputs):
  e, spent = (jnp.asarray(array, jnp.float32) for array in inputs)
  other = (jnp.where(REAL, array, 1e4) for array in (e, spent))
  np.testing.assert_array_equal(
    normalise(e, REAL, spent), normalise(next(other), REAL, next(other))
  )


def test_long_sentences_sum_to_one_in_float32(normalise):
  e = jnp.asarray(np.random.default_rng(9).normal(0, 0.01, (3, 500)), jnp.float32)
  alpha = normalise(e, jnp.ones(e.shape, bool), jnp.full(e.shape, 0.01))
  np.testing.assert_allclose(alpha.sum(axis=1), 1, atol=2e-5)
