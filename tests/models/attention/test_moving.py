"""Mechanisms that move along the source: long sources, noise in training, decisions in search."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt.errors import UserError
from nmt.models import init, rebuild
from nmt.models.attention.monotonic import stopped


@pytest.fixture
def made(small, weights, sizes):
  """made(kind, option=value, ..) is a mechanism of that kind with parameters off their start."""

  def make(kind, **options):
    changes = {f"attention.{name}": value for name, value in options.items()}
    config = small(**{"attention.kind": kind} | changes)
    params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), weights(config))
    return rebuild(config, *sizes, params).decoder.attention

  return make


def glances(mechanism, way, B=1, J=5, steps=3, scale=1.0, seed=0):
  """The alphas (steps x B x J) of one sentence B times: training, expected or search."""
  random = np.random.default_rng(seed)
  h = np.tile(random.standard_normal((1, J, 12)) * scale, (B, 1, 1)).astype(np.float32)
  s = random.standard_normal((steps, 1, 6)).astype(np.float32) * scale
  memory = mechanism.remember(jnp.asarray(h), jnp.ones((B, J), bool))
  keys = jax.random.split(jax.random.key(1), (steps, B))
  carry, alphas = mechanism.begin(memory), []
  for i in range(steps):
    s_i = jnp.asarray(np.tile(s[i], (B, 1)))
    if way == "search":
      glance = mechanism.search(s_i, memory, carry)
    else:
      glance = mechanism.attend(s_i, memory, carry, keys[i] if way == "training" else None)
    carry = glance.carry
    alphas.append(glance.alpha_BxJ)
  return np.asarray(jnp.stack(alphas))


@pytest.mark.parametrize("size", [3.0, 30.0, 300.0])
def test_stopping_is_exact_along_a_long_source(size):
  J = 400
  random = np.random.default_rng(0)
  logits = (size * random.standard_normal((2, J))).astype(np.float32)
  before = np.eye(J, dtype=np.float32)[[0, 100]]
  p = 1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -500, 500)))
  expected = np.zeros((2, J))
  for b in range(2):
    comes = 0.0
    for j in range(J):
      comes = (1 - p[b, j - 1] if j else 0.0) * comes + before[b, j]
      expected[b, j] = p[b, j] * comes
  found, pull = jax.vjp(lambda e, before: stopped(jax.nn.sigmoid(e), before), logits, before)
  np.testing.assert_allclose(found, expected, atol=1e-6)
  assert all(np.isfinite(gradient).all() for gradient in pull(jnp.ones_like(found)))


@pytest.mark.parametrize("kind", ["monotonic", "stepwise", "mocha"])
def test_noise_is_drawn_for_each_sentence_and_with_keys_alone(made, kind):
  expected = glances(made(kind), "expected", B=3)
  training = glances(made(kind), "training", B=3)
  quiet = glances(made(kind, noise=0.0), "training", B=3)
  np.testing.assert_array_equal(quiet, expected)
  assert (np.abs(training[:, 0] - training[:, 1]).max(axis=1) > 1e-3).all()
  assert (np.abs(training - expected).max(axis=2) > 1e-3).all()


@pytest.mark.parametrize("kind", ["monotonic", "stepwise"])
def test_search_looks_at_one_word_and_never_back(made, kind):
  for seed in range(10):
    alpha = glances(made(kind), "search", J=8, steps=6, seed=seed)[:, 0]
    assert set(np.unique(alpha)) <= {0.0, 1.0}
    assert (alpha.sum(axis=1) <= 1).all()
    looks = alpha.any(axis=1)
    assert (looks[:-1] >= looks[1:]).all()  # what has passed the last word stays there
    places = alpha[looks].argmax(axis=1)
    moves = np.diff(places, prepend=0)
    assert (moves >= 0).all()
    assert kind == "monotonic" or (moves <= 1).all()


def test_a_chunk_ends_where_the_monotonic_mechanism_stops(made):
  for seed in range(10):
    for chunk in (1, 3):
      mechanism = made("mocha", chunk=chunk)
      beta = glances(mechanism, "search", J=8, steps=1, seed=seed)[0, 0]
      looked = np.flatnonzero(beta)
      assert len(looked) <= chunk
      if len(looked):
        assert looked[-1] - looked[0] == len(looked) - 1
        np.testing.assert_allclose(beta.sum(), 1, rtol=1e-6)
        assert len(looked) == min(chunk, looked[-1] + 1)


def test_energies_beyond_all_measure_leave_gradients_finite(made):
  mechanism = made("mocha", chunk=3)

  def total(h, s):
    memory = mechanism.remember(h, jnp.ones(h.shape[:2], bool))
    carry = mechanism.begin(memory)
    glance = mechanism.attend(s, memory, carry, None)
    return (mechanism.attend(s, memory, glance.carry, None).alpha_BxJ ** 2).sum()

  random = np.random.default_rng(2)
  h, s = (1e4 * random.standard_normal(shape).astype(np.float32) for shape in ((2, 50, 12), (2, 6)))
  for gradient in jax.grad(total, (0, 1))(h, s):
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("energy", ["none", "hard", "additive_coverage", "multihead"])
def test_what_has_no_energies_for_others_is_refused(small, sizes, energy):
  config = small(**{"attention.kind": "monotonic"})
  config.attention.energy = energy
  with pytest.raises(UserError, match=f"kind=monotonic can't use the energies of {energy}"):
    init(config, *sizes, seed=0)
