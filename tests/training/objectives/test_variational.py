"""Variational attention against the oracle, and its estimated gradient against all alignments."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt import kinds, models
from nmt.launching import flags
from nmt.training.objectives import base, variational
from nmt.training.objectives.base import Rows

CHOICE = {"attention.kind": "latent", "attention.inference": True}


@pytest.fixture
def made(config):
  """made(kind, **keys) is an objective."""

  def make(kind="variational", **changes):
    given = {"train.objective.kind": kind}
    given |= {f"train.objective.{key}": value for key, value in changes.items()}
    if kind == "variational":
      given |= {f"model.{key}": value for key, value in CHOICE.items()}
    return kinds.find("train.objective", kind).Objective(flags.override_by(config, given).train)

  return make


@pytest.fixture
def batch(pairs, pad):
  filled = [*pairs, ([0], [0])]  # a filler row adds nothing
  return Rows(*(jnp.asarray(pad(side)) for side in zip(*filled, strict=True)))


def single(params):
  return jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), params)


def test_value_and_gradient_are_those_of_the_article(
  made, small, weights, sizes, pairs, pad, oracle
):
  model = small(**CHOICE)
  params, objective = weights(model), made()

  def cost(params):
    return -sum(oracle.latent(params, x, y, **CHOICE)[2].sum() for x, y in pairs)

  with jax.enable_x64(True):
    filled = [*pairs, ([0], [0])]
    rows = Rows(*(jnp.asarray(pad(side)) for side in zip(*filled, strict=True)))

    @jax.jit
    @jax.value_and_grad
    def loss(params):
      return objective.sums(models.rebuild(model, *sizes, params), rows, None, {})[0]

    value, gradients = loss(jax.tree.map(jnp.asarray, params))
  np.testing.assert_allclose(value, cost(params), rtol=1e-10)
  oracle.check_slopes(cost, params, jax.tree.map(np.asarray, gradients), 1e-6, 2e-6)


def test_the_bound_is_tight_for_the_posterior_alone(
  made, small, weights, sizes, batch, monkeypatch
):
  config = small(**CHOICE)

  @jax.jit
  def run(params):
    module = models.rebuild(config, *sizes, params)
    found = [made(kind).sums(module, batch, None, {})[1] for kind in ("variational", "likelihood")]
    t = module.features(batch.source, batch.target).t
    posterior = jax.nn.log_softmax(t.log_alpha + module.words(t, batch.target).each)
    with monkeypatch.context() as patch:
      patch.setattr(models.Translation, "infer", lambda *inputs: posterior)
      return *found, made().sums(module, batch, None, {})[1]

  found, exact, tight = run(single(weights(config)))
  assert found["loss"] > found["nll"] + 0.1
  for name in ("nll", "correct", "tokens"):
    np.testing.assert_allclose(found[name], exact[name], rtol=1e-6)
  np.testing.assert_allclose(tight["loss"], tight["nll"], rtol=1e-5)


def test_the_sampled_gradient_is_that_of_the_expectation_on_average(small, weights, sizes):
  """Summed over the 9 ways in which two words can come from three, by their probability."""
  config = small(**CHOICE)
  with jax.enable_x64(True):
    module = models.rebuild(config, *sizes, jax.tree.map(jnp.asarray, weights(config)))
    source, target = jnp.array([[4, 5, 2]]), jnp.array([[6, 2]])
    features = jax.jit(lambda: module.features(source, target))()
    scores = jnp.asarray(np.random.default_rng(0).standard_normal((1, 2, 3)))

    def enumerated(scores, t):
      return -(jax.nn.softmax(scores) * module.words(t, target).each).sum()

    def drawn(scores, t, z):
      log_q = jax.nn.log_softmax(scores)
      loss, _ = variational.sampled(module, features, t, target, log_q, z)
      return loss, jnp.exp(jnp.take_along_axis(log_q, z[:, :, None], axis=2)).prod()

    @jax.jit
    def run(*given):
      ways = jnp.array([[path] for path in itertools.product(range(3), repeat=2)])
      slopes = jax.grad(drawn, (0, 1), has_aux=True)
      each, p = jax.vmap(slopes, (None, None, 0))(*given, ways)
      average = jax.tree.map(lambda g: jnp.tensordot(p, g, 1), each)
      return jax.grad(enumerated, (0, 1))(*given), average

    wanted, average = run(scores, features.t)
  assert np.abs(wanted[0]).max() > 0.01
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7), wanted, average)


def test_words_are_drawn_from_q_whatever_the_padding():
  q = np.array([[0.2, 0.5, 0.3], [0.9, 0.0, 0.1]])
  log_q = jnp.asarray(np.log(np.maximum(q, 1e-30)), jnp.float32)
  count = 4000
  keys = jax.random.split(jax.random.key(0), count)
  z = variational.draw(jnp.repeat(log_q[None], count, axis=0), keys)
  shares = (np.asarray(z)[..., None] == np.arange(3)).mean(axis=0)
  np.testing.assert_allclose(shares, q, atol=0.03)
  padded = jnp.pad(log_q, ((0, 2), (0, 4)), constant_values=-1e30)[None]
  one = variational.draw(padded, keys[:1])
  np.testing.assert_array_equal(one[0, :2], z[0])


def test_sampled_it_is_the_bound_with_the_word_drawn(made, small, weights, sizes, batch):
  config = small(**CHOICE)
  module = models.rebuild(config, *sizes, single(weights(config)))
  objective = made(expectation="sampled")
  assert objective.random
  assert not made().random
  runs = jax.jit(lambda keys: objective.sums(module, batch, keys, {})[1])
  rows = len(batch.source)
  found = [runs(jax.random.split(jax.random.key(i), rows)) for i in range(60)]
  losses = np.array([one["loss"] for one in found])
  _, exact = jax.jit(lambda: made().sums(module, batch, None, {}))()
  assert losses.std() > 0
  assert abs(losses.mean() - exact["loss"]) < 5 * losses.std() / np.sqrt(len(losses))
  np.testing.assert_allclose([one["nll"] for one in found], losses, rtol=1e-5)


@pytest.mark.parametrize("kind", ["scheduled", "risk"])
def test_other_objectives_train_the_mixture(made, small, weights, sizes, batch, kind):
  config = small(**{"attention.kind": "latent"})
  objective = made(kind, **{"samples": 2} if kind == "risk" else {})
  keys = jax.random.split(jax.random.key(0), len(batch.source)) if kind == "risk" else None

  @jax.jit
  def run(params):
    module = models.rebuild(config, *sizes, params)
    found = objective.sums(module, batch, keys, objective.begin())[1]
    return found, base.evaluate(module, batch)

  found, exact = run(single(weights(config)))
  for name in ("nll", "correct", "tokens"):
    np.testing.assert_allclose(found[name], exact[name], rtol=1e-5)


def test_smoothing_is_of_the_mixture(made, small, weights, sizes, pairs, batch, oracle):
  config = small(**{"attention.kind": "latent"})
  params = weights(config)
  objective = made("likelihood", label_smoothing=0.2)

  @jax.jit
  def run(params):
    return objective.sums(models.rebuild(config, *sizes, params), batch, None, {})[0]

  loss = run(single(params))
  wanted = 0.0
  for x, y in pairs:
    log_p = oracle.read(params, x, y, **{"attention.kind": "latent"}).log_p
    wanted -= 0.8 * log_p[np.arange(len(y)), y].sum() + 0.2 * log_p.mean(axis=1).sum()
  np.testing.assert_allclose(loss, wanted, rtol=1e-5)
