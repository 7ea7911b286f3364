"""What every attention mechanism must hold, whichever file it lives in."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt import kinds
from nmt.models import rebuild
from nmt.refusals import OTHER_WEIGHTS, SCORES

LENGTHS = np.array([6, 1, 3])
STEPS = 3


@pytest.fixture(params=kinds.names("model.attention"))
def config(request, small):
  return small(**{"attention.kind": request.param})


@pytest.fixture
def mechanism(config, weights, sizes):
  params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), weights(config))
  return rebuild(config, *sizes, params).decoder.attention


@pytest.fixture
def C(mechanism, config, weights):
  width = weights(config)["decoder"]["C"].shape[0]
  return jnp.asarray(np.random.default_rng(4).standard_normal((width, 5)), jnp.float32)


@pytest.fixture
def inputs(config):
  random = np.random.default_rng(3)
  h = random.standard_normal((len(LENGTHS), LENGTHS.max(), 2 * config.size)).astype(np.float32)
  s = random.standard_normal((len(LENGTHS), config.size)).astype(np.float32)
  return jnp.asarray(h), jnp.asarray(s)


KEYS = jax.random.split(jax.random.key(5), len(LENGTHS))


def looks(mechanism, C, h, lengths, s, keys, search=False):
  """C c and the glances of some steps, the carry being handed on."""
  real = jnp.arange(h.shape[1])[None] < lengths[:, None]
  memory = mechanism.remember(h, real)
  values, carry, found = mechanism.project(memory, C), mechanism.begin(memory), []
  for i in range(STEPS):
    if search:
      glance = mechanism.search((i + 1) * s, memory, carry)
    else:
      glance = mechanism.attend((i + 1) * s, memory, carry, keys)
    carry = glance.carry
    found.append((mechanism.read(glance.weights, values, C), glance._replace(carry=())))
  return jax.tree.map(lambda *steps: jnp.stack(steps, axis=1), *found)


look = jax.jit(looks, static_argnames="search")


ENERGIES = [
  kind
  for kind in kinds.names("model.attention", SCORES)
  if OTHER_WEIGHTS not in kinds.traits("model.attention", kind)
]


@pytest.mark.parametrize("kind", ENERGIES)
def test_a_normaliser_that_spends_works_with_all_energies(kind, small, weights, sizes):
  spending = {"normaliser.kind": "csparsemax", "normaliser.fertility": 0.4}
  config = small(**{"attention.kind": kind}, **spending)
  params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), weights(config))
  mechanism = rebuild(config, *sizes, params).decoder.attention
  random = np.random.default_rng(6)
  h = random.standard_normal((3, LENGTHS.max(), 2 * config.size)).astype(np.float32)
  s = random.standard_normal((3, config.size)).astype(np.float32)
  _, glance = look(mechanism, jnp.eye(2 * config.size), h, LENGTHS, s, None)
  alpha = glance.alpha_BxJ
  np.testing.assert_allclose(alpha.sum(axis=-1), 1, atol=1e-6)
  for b, length in enumerate(LENGTHS):  # the last word, EOS, takes what is left
    assert (alpha[b, :, : length - 1].sum(axis=0) <= 0.4 + 1e-6).all()
  assert (alpha[0, :, :5].sum(axis=0) > 0.4 - 1e-6).any()


@pytest.mark.parametrize("way", ["training", "without keys", "search"])
def test_alpha_is_on_real_words_and_sums_to_what_the_mechanism_says(mechanism, C, inputs, way):
  keys = KEYS if way == "training" else None
  c, glance = look(mechanism, C, inputs[0], LENGTHS, inputs[1], keys, search=way == "search")
  assert c.shape == (3, STEPS, 5)
  alpha = glance.alpha_BxJ
  total, sums_to = alpha.sum(axis=-1), mechanism.total
  if sums_to == "1":
    np.testing.assert_allclose(total, 1, atol=1e-6)
  else:
    assert sums_to in ("at most 1", "any")
    assert (total <= (1 + 1e-6 if sums_to == "at most 1" else np.inf)).all()
    assert way == "search" or (total[:, 0] > 0).all()
  assert (alpha >= 0).all()
  for b, length in enumerate(LENGTHS):
    assert (alpha[b, :, length:] == 0).all()


def test_neither_padding_nor_neighbours_change_a_sentence(mechanism, C, inputs):
  h, s = inputs
  c, glance = look(mechanism, C, h, LENGTHS, s, KEYS)
  one, length = slice(2, 3), LENGTHS[2]
  alone = look(mechanism, C, h[one, :length], LENGTHS[one], s[one], KEYS[one])
  np.testing.assert_allclose(c[one], alone[0], rtol=1e-5, atol=1e-6)
  alphas = glance.alpha_BxJ[one, :, :length], alone[1].alpha_BxJ
  np.testing.assert_allclose(*alphas, rtol=1e-5, atol=1e-6)
  for name, loss in glance.losses.items():
    np.testing.assert_allclose(loss[one], alone[1].losses[name], rtol=1e-5, atol=1e-6)


def test_what_stands_on_padding_is_never_read(mechanism, C, inputs):
  h, s = inputs
  real = jnp.arange(h.shape[1])[None] < LENGTHS[:, None]
  other = jnp.where(real[:, :, None], h, 1e4)
  one, two = (look(mechanism, C, notes, LENGTHS, s, KEYS) for notes in (h, other))
  jax.tree.map(np.testing.assert_array_equal, one, two)


def test_a_row_without_words_gives_zeros_and_finite_gradients(mechanism, C, inputs):
  @jax.jit
  @jax.grad
  def gradients(inputs):
    c, glance = looks(mechanism, C, inputs[0], np.zeros(3, int), inputs[1], KEYS)
    losses = sum(loss.sum() for loss in glance.losses.values())
    return c.sum() + (glance.alpha_BxJ**2).sum() + losses

  _, glance = look(mechanism, C, inputs[0], np.zeros(3, int), inputs[1], KEYS)
  assert (glance.alpha_BxJ == 0).all()
  assert all(np.isfinite(gradient).all() for gradient in gradients(inputs))


def test_what_is_read_is_linear_in_the_readers_matrix(mechanism, C, inputs):
  # So it makes no difference whether annotations or contexts are multiplied by it.
  identity = jnp.eye(C.shape[0])
  contexts, _ = look(mechanism, identity, inputs[0], LENGTHS, inputs[1], KEYS)
  read, _ = look(mechanism, C, inputs[0], LENGTHS, inputs[1], KEYS)
  np.testing.assert_allclose(read, contexts @ C, rtol=1e-4, atol=1e-4)


def test_contexts_of_all_steps_are_those_of_each(mechanism, C, inputs):
  each, glance = look(mechanism, C, inputs[0], LENGTHS, inputs[1], KEYS)
  real = jnp.arange(inputs[0].shape[1])[None] < LENGTHS[:, None]
  values = mechanism.project(mechanism.remember(inputs[0], real), C)
  together = jax.vmap(mechanism.read, (1, None, None), 1)(glance.weights, values, C)
  np.testing.assert_allclose(together, each, rtol=1e-5, atol=1e-6)


def test_memory_carry_and_glance_have_the_sentences_first(mechanism, C, inputs):
  h, s = inputs
  memory = mechanism.remember(h, jnp.ones(h.shape[:2], bool))
  carry = mechanism.begin(memory)
  looked = mechanism.attend(s, memory, carry, KEYS), mechanism.search(s, memory, carry)
  values = mechanism.project(memory, C)
  leaves = jax.tree.leaves((memory, carry, values, looked))
  assert {leaf.shape[0] for leaf in leaves} == {len(LENGTHS)}
