"""Mechanisms that move along the source: long sources, noise in training, decisions in search."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from nmt.models import init, rebuild
from nmt.models.attention.dynamic_conv import beta_binomial
from nmt.models.attention.monotonic import stopped
from nmt.models.attention.structured import marginals


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
  J = 150
  random = np.random.default_rng(0)
  logits = (size * random.standard_normal((2, J))).astype(np.float32)
  before = np.eye(J, dtype=np.float32)[[0, 40]]
  p = 1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -500, 500)))
  expected = np.zeros((2, J))
  for b in range(2):
    comes = 0.0
    for j in range(J):
      comes = (1 - p[b, j - 1] if j else 0.0) * comes + before[b, j]
      expected[b, j] = p[b, j] * comes

  @jax.jit
  def run(e, before):
    found, pull = jax.vjp(lambda e, before: stopped(jax.nn.sigmoid(e), before), e, before)
    return found, pull(jnp.ones_like(found))

  found, gradients = run(logits, before)
  np.testing.assert_allclose(found, expected, atol=1e-6)
  assert all(np.isfinite(gradient).all() for gradient in gradients)


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


@pytest.mark.parametrize("kind", ["mocha", "forward", "structured", "gmm", "dynamic_conv"])
def test_numbers_beyond_all_measure_leave_gradients_finite(made, kind):
  mechanism = made(kind)

  def total(h, s):
    memory = mechanism.remember(h, jnp.ones(h.shape[:2], bool))
    carry = mechanism.begin(memory)
    for _ in range(3):
      glance = mechanism.attend(s, memory, carry, None)
      carry = glance.carry
    return (glance.alpha_BxJ**2).sum()

  random = np.random.default_rng(2)
  h, s = (1e4 * random.standard_normal(shape).astype(np.float32) for shape in ((2, 50, 12), (2, 6)))
  for gradient in jax.jit(jax.grad(total, (0, 1)))(h, s):
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("size", [1.0, 200.0])
def test_forward_attention_never_loses_its_place(made, size):
  """Energies that speak against all words within reach still leave one of them."""
  mechanism, J, steps = made("forward"), 30, 10
  mechanism.energy.energies = lambda s, *_: s
  e = (size * np.random.default_rng(0).standard_normal((steps, 1, J))).astype(np.float32)
  e[:, :, steps + 1 :] += 4 * size  # wants to be where it can't be yet

  def alphas(e):
    memory = {"h": jnp.zeros((1, J, 12)), "real": jnp.ones((1, J), bool), "energy": {}}
    carry, found = mechanism.begin(memory), []
    for e_i in e:
      glance = mechanism.attend(e_i, memory, carry, None)
      carry = glance.carry
      found.append(glance.alpha_BxJ)
    return jnp.concatenate(found)

  log_alpha = np.where(np.arange(J) == 0, 0.0, -np.inf)
  expected = []
  for e_i in e[:, 0].astype(np.float64):
    score = np.logaddexp(log_alpha, np.concatenate([[-np.inf], log_alpha[:-1]])) + e_i
    log_alpha = score - np.logaddexp.reduce(score)
    expected.append(np.exp(log_alpha))
  found, pull = jax.vjp(alphas, jnp.asarray(e))
  np.testing.assert_allclose(found, expected, atol=1e-4)
  assert np.isfinite(pull(found)[0]).all()


@pytest.mark.parametrize("size", [1.0, 300.0])
def test_marginals_of_a_long_chain_are_those_of_float64(size):
  J, random = 150, np.random.default_rng(0)
  e, b = size * random.standard_normal(J), random.standard_normal((2, 2))
  M = [np.array([[0, e_j], [0, e_j]]) + (b if j else 0) for j, e_j in enumerate(e)]
  ahead, back = [M[0][0]], [np.zeros(2)]
  for M_j in M[1:]:
    ahead.append(np.logaddexp(*(ahead[-1][:, None] + M_j)))
  for M_j in M[:0:-1]:
    back.append(np.logaddexp(*(M_j + back[-1][None]).T))
  both = np.array(ahead) + np.array(back[::-1])
  expected = 1 / (1 + np.exp(np.clip(both[:, 0] - both[:, 1], -500, 500)))
  arrays = (jnp.asarray(x, jnp.float32) for x in (e[None], b))
  real = jnp.ones((1, J), bool)

  @jax.jit
  def run(e, b):
    found, pull = jax.vjp(lambda e, b: marginals(e, b, real)[0], e, b)
    return found, pull(found)

  found, gradients = run(*arrays)
  np.testing.assert_allclose(found, expected, atol=1e-4)
  assert all(np.isfinite(gradient).all() for gradient in gradients)


def test_a_chain_without_ties_selects_each_word_by_itself():
  e = jnp.asarray([[3.0, -1.0, 0.5]])
  found = marginals(e, jnp.zeros((2, 2)), jnp.ones((1, 3), bool))
  np.testing.assert_allclose(found, jax.nn.sigmoid(e), rtol=1e-6)


def test_the_prior_moves_attention_forward_by_a_word_a_step(made):
  """Without anything learnt, the place moves on by n alpha / (alpha + beta) words, here 1."""
  np.testing.assert_allclose(sum(beta_binomial(10, 0.1, 0.9)), 1)
  np.testing.assert_allclose(np.arange(11) @ beta_binomial(10, 0.1, 0.9), 1)
  mechanism = made("dynamic_conv")
  mechanism.v = nnx.Param(jnp.zeros_like(mechanism.v[...]))
  alphas = glances(mechanism, "expected", J=80, steps=4)[:, 0]
  np.testing.assert_allclose(alphas @ np.arange(80), [1, 2, 3, 4], rtol=0.02)


def test_a_window_starts_with_the_weight_of_one_word_and_moves_by_one(small, sizes):
  config = small(**{"attention.kind": "gmm", "init": "paper"})
  window = rebuild(config, *sizes, init(config, *sizes, seed=0)).decoder.attention
  alphas = glances(window, "expected", J=20, steps=4)[2:, 0]
  np.testing.assert_allclose(alphas.sum(axis=1), 1, rtol=0.1)
  assert (alphas.argmax(axis=1) == [2, 3]).all()


CARRYING = {
  "monotonic": "coverage_neural",
  "stepwise": "dynamic_conv",
  "mocha": "conv",
  "forward": "coverage_linguistic",
  "structured": "additive_coverage",
}


@pytest.mark.parametrize(("kind", "energy"), CARRYING.items())
def test_what_the_energies_carry_is_moved_on_by_the_weights_made_of_them(made, kind, energy):
  mechanism = made(kind, energy=energy)
  random = np.random.default_rng(0)
  h, s = (jnp.asarray(random.standard_normal(n), jnp.float32) for n in ((1, 5, 12), (1, 6)))
  memory = mechanism.remember(h, jnp.ones((1, 5), bool))
  begin = mechanism.begin(memory)
  glance = mechanism.attend(s, memory, begin, None)
  inside = "inside" if kind == "mocha" else "energy"

  def own(carry):
    return carry if kind == "structured" else carry[inside]

  part = getattr(mechanism, inside)
  expected = part.next_carry(s, memory[inside], own(begin), glance.alpha_BxJ)
  assert not np.allclose(own(begin), expected)
  np.testing.assert_allclose(own(glance.carry), expected, rtol=1e-6)
  forgotten = own(begin) if kind == "structured" else glance.carry | {inside: own(begin)}
  one, other = (mechanism.attend(s, memory, carry, None) for carry in (glance.carry, forgotten))
  assert not np.allclose(one.alpha_BxJ, other.alpha_BxJ, atol=1e-5)
