"""What is special about each mechanism that scores words, beside what the oracle says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt import kinds
from nmt.models import rebuild
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import NOTHING

B, J = 3, 6
REAL = jnp.asarray(np.arange(J)[None] < np.array([[6], [3], [1]]))


@pytest.fixture
def parameters(small, weights):
  def make(kind, **options):
    config = small(**{"attention.kind": kind}, **options)
    return config, jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), weights(config))

  return make


@pytest.fixture
def look(sizes):
  """look(config, params, steps) is alpha_BxTxJ of that many steps over some annotations."""

  def run(config, params, steps=3):
    random = np.random.default_rng(0)
    h = jnp.asarray(random.standard_normal((B, J, 2 * config.size)), jnp.float32)
    s = jnp.asarray(random.standard_normal((steps, B, config.size)), jnp.float32)

    @jax.jit
    def alphas(params, h, s):
      mechanism = rebuild(config, *sizes, params).decoder.attention
      memory = mechanism.remember(h, REAL)
      carry, found = mechanism.begin(memory), []
      for i in range(steps):
        glance = mechanism.attend(s[i], memory, carry, None)
        carry = glance.carry
        found.append(glance.alpha_BxJ)
      return jnp.stack(found, axis=1)

    return np.asarray(alphas(params, h, s))

  return run


def wide(width):
  """An encoder of which only the width of its annotations is known."""
  encoder = Encoder()
  encoder.width = width
  return encoder


def test_dot_is_the_plain_product_where_annotations_are_as_wide_as_the_state(small):
  config, random = small(**{"attention.kind": "dot"}), np.random.default_rng(1)
  mechanism = kinds.find("model.attention", "dot").Attention
  dot = mechanism(config, wide(config.size), NOTHING)
  h, s = random.standard_normal((B, J, config.size)), random.standard_normal((B, config.size))
  memory = dot.remember(jnp.asarray(h, jnp.float32), REAL)
  e = dot.energies(jnp.asarray(s, jnp.float32), memory, ())
  np.testing.assert_allclose(e, (h @ s[:, :, None])[:, :, 0], rtol=1e-4, atol=1e-5)


def test_the_length_of_v_does_not_matter_to_normed_energies(parameters, look):
  config, params = parameters("additive_normed")
  before = look(config, params)
  params["decoder"]["attention"]["v_a"] *= 7
  np.testing.assert_allclose(look(config, params), before, rtol=1e-5)
  params["decoder"]["attention"]["g"] *= 7
  assert np.abs(look(config, params) - before).max() > 0.01


def test_places_beyond_the_longest_are_never_looked_at(parameters, look):
  alpha = look(*parameters("location", **{"attention.longest": 4}))
  assert (alpha[:, :, 4:] == 0).all()
  assert (alpha[0, :, :4] > 0).all()


def test_the_window_moves_on_by_one_word_a_step_until_nothing_is_left(parameters, look):
  alpha = look(*parameters("local_m", **{"attention.window": 2}), steps=9)
  for b, i in np.ndindex(B, 9):
    looked_at = (np.abs(np.arange(J) - i) <= 2) & REAL[b]
    np.testing.assert_array_equal(alpha[b, i] > 0, looked_at)
    assert abs(alpha[b, i].sum() - looked_at.any()) < 1e-6


@pytest.mark.parametrize("energy", ["conv", "coverage_neural"])
def test_a_window_over_the_whole_sentence_is_its_energy_alone(parameters, look, energy):
  config, params = parameters(energy)
  within, _ = parameters("local_m", **{"attention.energy": energy, "attention.window": 20})
  inner = params["decoder"]["attention"]
  moved = params | {"decoder": params["decoder"] | {"attention": {"energy": inner}}}
  np.testing.assert_allclose(look(within, moved), look(config, params), rtol=1e-5)


@pytest.mark.parametrize(("renormalise", "total"), [(False, "at most 1"), (True, "1")])
def test_the_gaussian_takes_from_the_sum_unless_it_is_renormalised(
  parameters, look, sizes, renormalise, total
):
  config, params = parameters("local_p", **{"attention.renormalise": renormalise})
  assert rebuild(config, *sizes, params).decoder.attention.total == total
  sums = look(config, params).sum(axis=2)
  assert (np.abs(sums - 1) < 1e-6).all() == renormalise
  assert (sums > np.exp(-2) - 1e-6).all()


def test_a_fertility_near_0_leaves_everything_finite(parameters, look):
  config, params = parameters("coverage_linguistic")
  params["decoder"]["attention"]["U_f"] = jnp.full_like(
    params["decoder"]["attention"]["U_f"], -1e30
  )
  assert np.isfinite(look(config, params)).all()
