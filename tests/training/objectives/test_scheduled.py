"""Scheduled sampling: how often which words are the model's own, and what they are."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt import kinds
from nmt.launching import flags
from nmt.models import rebuild
from nmt.training.objectives.base import Rows

NONE_MADE = {"updates": jnp.int32(0)}


@pytest.fixture
def made(config):
  """made(**keys) is the objective `scheduled`."""

  def make(**changes):
    given = {f"train.objective.{key}": value for key, value in changes.items()}
    given = {"train.objective.kind": "scheduled"} | given
    found = kinds.find("train.objective", "scheduled")
    return found.Objective(flags.override_by(config, given).train)

  return make


def test_epsilon_falls_as_the_article_says(made):
  for i in (0, 7, 300):
    kept = {"updates": jnp.int32(i)}
    for changes, expected in (
      (dict(schedule="linear", slope=0.01, least=0.2), max(0.2, 1 - 0.01 * i)),
      (dict(schedule="exponential", speed=100.0), 0.99**i),
      (dict(schedule="inverse_sigmoid", speed=50.0), 50 / (50 + np.exp(i / 50))),
    ):
      np.testing.assert_allclose(made(**changes).epsilon(kept), expected, rtol=1e-4)
  assert made(speed=2.0).epsilon({"updates": jnp.int32(10**9)}) == 0


@pytest.fixture
def model(small, weights, sizes, pairs, pad):
  config = small(**{"dropout.readout": 0.3})
  exact = weights(config)
  module = rebuild(config, *sizes, jax.tree.map(jnp.float32, exact))
  source, target = (jnp.asarray(pad(side), jnp.int32) for side in zip(*pairs, strict=True))
  return exact, module, Rows(source, target)


def keys(count):
  return jax.random.split(jax.random.key(5), count)


def test_words_are_the_targets_or_the_likeliest_after_the_words_before(made, model, pairs, oracle):
  exact, module, rows = model
  objective = made(schedule="linear", own="likeliest")
  mixed = jax.jit(lambda epsilon: objective.mixed(module, rows, keys(4), epsilon))
  truth, own = mixed(1.0)
  assert not own.any()
  np.testing.assert_array_equal(truth[:, 1:], rows.target[:, :-1])
  for epsilon in (0.0, 0.5):
    previous, own = (np.asarray(x) for x in mixed(epsilon))
    assert (previous[:, 0] == 1).all()
    for (x, y), words, mine in zip(pairs, previous, own, strict=True):
      assert not mine[len(y) :].any()
      if epsilon == 0:
        assert mine[1 : len(y)].all()
      log_p = oracle.read(exact, x, [*words[1 : len(y)], 0]).log_p
      for i in range(1, len(y)):
        assert words[i] == (log_p[i - 1].argmax() if mine[i] else y[i - 1])


def test_before_any_update_it_is_the_likelihood(made, model, config):
  _, module, rows = model
  objective = made(schedule="exponential")
  likelihood = kinds.find("train.objective", "likelihood").Objective(config.train)
  loss, found = objective.sums(module, rows, keys(4), NONE_MADE)
  expected, _ = likelihood.sums(module, rows, keys(4), {})
  assert loss == expected
  assert found["own_words"] == 0
  assert "own_words" in objective.sums(module, rows, None, NONE_MADE)[1]


def test_own_words_are_drawn_from_the_models_distribution(made, model, oracle):
  exact, module, _ = model
  x, y, count = [4, 5, 2], [6, 7, 2], 4000
  rows = Rows(*(jnp.asarray([side] * count, jnp.int32) for side in (x, y)))
  previous, own = made().mixed(module, rows, keys(count), jnp.float32(0.25))
  assert own[:, 1:].mean() == pytest.approx(0.75, abs=0.02)
  words = np.asarray(previous[:, 1])[np.asarray(own[:, 1])]
  expected = np.exp(oracle.read(exact, x, y).log_p[0])
  found = np.bincount(words, minlength=len(expected)) / len(words)
  np.testing.assert_allclose(found, expected, atol=0.04)
