"""What every attention mechanism must hold, whichever file it lives in."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt.kinds import names
from nmt.models import rebuild
from nmt.models.attention.base import normalise

LENGTHS = np.array([6, 1, 3])


@pytest.fixture(params=names("model.attention"))
def config(request, small):
  return small(**{"attention.kind": request.param})


@pytest.fixture
def mechanism(config, weights, sizes):
  params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), weights(config))
  return rebuild(config, *sizes, params).decoder.attention


@jax.jit
def attend(mechanism, h, lengths, s):
  """Contexts and alphas of three steps, the carry being handed on."""
  real = jnp.arange(h.shape[1])[None] < lengths[:, None]
  memory = mechanism.precompute(h, real)
  carry, results = mechanism.begin(memory), []
  for i in range(3):
    alpha, carry = mechanism((i + 1) * s, memory, carry)
    results.append((mechanism.context(alpha, memory["values"]), alpha))
  return [jnp.stack(part, axis=1) for part in zip(*results, strict=True)]


@pytest.fixture
def inputs(config):
  random = np.random.default_rng(3)
  h = random.standard_normal((len(LENGTHS), LENGTHS.max(), 2 * config.size)).astype(np.float32)
  s = random.standard_normal((len(LENGTHS), config.size)).astype(np.float32)
  return jnp.asarray(h), jnp.asarray(s)


def test_alpha_is_a_distribution_over_real_words(mechanism, inputs, config):
  h, s = inputs
  c, alpha = attend(mechanism, h, LENGTHS, s)
  assert c.shape == (3, 3, mechanism.width(config))
  np.testing.assert_allclose(alpha.sum(axis=-1), 1, atol=1e-6)
  assert (alpha >= 0).all()
  for b, length in enumerate(LENGTHS):
    assert (alpha[b, :, length:] == 0).all()


def test_neither_padding_nor_neighbours_change_a_sentence(mechanism, inputs):
  h, s = inputs
  c, alpha = attend(mechanism, h, LENGTHS, s)
  for b, length in enumerate(LENGTHS):
    alone, alone_alpha = attend(mechanism, h[b : b + 1, :length], np.array([length]), s[b : b + 1])
    np.testing.assert_allclose(c[b], alone[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(alpha[b, :, :length], alone_alpha[0], rtol=1e-5, atol=1e-6)


def test_what_stands_on_padding_is_never_read(mechanism, inputs):
  h, s = inputs
  real = jnp.arange(h.shape[1])[None] < LENGTHS[:, None]
  other = jnp.where(real[:, :, None], h, 1e4)
  for one, two in zip(
    attend(mechanism, h, LENGTHS, s), attend(mechanism, other, LENGTHS, s), strict=True
  ):
    np.testing.assert_array_equal(one, two)


def test_a_row_without_words_gives_zeros_and_finite_slopes(mechanism, inputs):
  h, s = inputs

  def loss(h, s):
    c, alpha = attend(mechanism, h, np.zeros(3, int), s)
    return c.sum() + (alpha**2).sum(), alpha

  slopes, alpha = jax.grad(loss, argnums=(0, 1), has_aux=True)(h, s)
  assert (alpha == 0).all()
  assert all(np.isfinite(slope).all() for slope in slopes)


def test_the_context_is_linear_in_the_values(mechanism, inputs):
  # The decoder multiplies the values by C and C_o once a sentence and no context.
  h, s = inputs
  memory = mechanism.precompute(h, jnp.ones(h.shape[:2], bool))
  values = memory["values"]
  matrix = np.random.default_rng(4).standard_normal((values.shape[-1], 5))
  matrix = jnp.asarray(matrix, jnp.float32)
  alpha, _ = mechanism(s, memory, mechanism.begin(memory))
  c = mechanism.context(alpha, values)
  read = mechanism.context(alpha, values @ matrix)
  np.testing.assert_allclose(read, c @ matrix, rtol=1e-4, atol=1e-4)


def test_contexts_of_all_steps_are_those_of_each(mechanism, inputs):
  h, s = inputs
  memory = mechanism.precompute(h, jnp.ones(h.shape[:2], bool))
  steps = [mechanism(k * s, memory, mechanism.begin(memory))[0] for k in range(4)]
  each = [mechanism.context(alpha, memory["values"]) for alpha in steps]
  together = mechanism.context(jnp.stack(steps, axis=1), memory["values"])
  np.testing.assert_allclose(together, jnp.stack(each, axis=1), rtol=1e-5, atol=1e-6)


def test_memory_and_carry_have_the_sentences_first(mechanism, inputs):
  h, _ = inputs
  memory = mechanism.precompute(h, jnp.ones(h.shape[:2], bool))
  leaves = jax.tree.leaves((memory, mechanism.begin(memory)))
  assert {leaf.shape[0] for leaf in leaves} == {len(LENGTHS)}


@pytest.mark.parametrize("size", [0.0, 1e4, 3e38])
def test_no_energy_is_too_large(size):
  real = jnp.asarray([[True, True, False], [True, False, False], [False, False, False]])
  e = size * jnp.asarray([[1.0, -1.0, 1.0], [-1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
  alpha = normalise(e, real)
  np.testing.assert_allclose(alpha.sum(axis=1), [1, 1, 0], atol=1e-6)
  assert (alpha[~real] == 0).all()
  slope = jax.grad(lambda e: (normalise(e, real) ** 2).sum())(e)
  assert np.isfinite(slope).all()
