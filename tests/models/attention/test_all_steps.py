"""Looks from the states of all steps at once are those of one step after the other."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt import kinds
from nmt.models import rebuild
from nmt.models.attention import _all_steps
from nmt.models.attention.additive import match

T, B, J, A = 4, 3, 5, 6


@pytest.mark.parametrize("way", ["cpu", "default"])
def test_energies_and_gradients_are_those_of_the_formula(monkeypatch, way):
  monkeypatch.setattr(_all_steps.lax, "platform_dependent", lambda *x, **ways: ways[way](*x))
  random = np.random.default_rng(0)
  keys, query, v = (random.standard_normal(shape) for shape in ((B, J, A), (T, B, A), (A,)))
  tanh = np.tanh(keys[None] + query[:, :, None])
  g = random.standard_normal((T, B, J))
  with jax.enable_x64(True):
    e, back = jax.vjp(match, *map(jnp.asarray, (keys, query, v)))
    found = back(jnp.asarray(g))
  inside = g[..., None] * (1 - tanh**2) * v
  np.testing.assert_allclose(e, tanh @ v, rtol=1e-12)
  for one, other in zip(
    found, (inside.sum(0), inside.sum(2), (g[..., None] * tanh).sum((0, 1, 2))), strict=True
  ):
    np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kind", kinds.names("model.attention"))
def test_a_look_from_all_steps_is_that_of_each(small, weights, sizes, kind):
  config = small(**{"attention.kind": kind})
  random = np.random.default_rng(1)
  h, s = (random.standard_normal(shape) for shape in ((B, J, 2 * config.size), (T, B, config.size)))

  def remembered(h):
    real = jnp.arange(J)[None] < jnp.array([5, 2, 1])[:, None]
    memory = mechanism.remember(h, real)
    return memory, mechanism.begin(memory)

  def looks(h, s):
    memory, carry = remembered(h)
    each = jax.lax.map(lambda s: mechanism.attend(s, memory, carry, None), s)
    return mechanism.attend_all(s, memory, None)._replace(carry=()), each._replace(carry=())

  with jax.enable_x64(True):
    params = jax.tree.map(jnp.asarray, weights(config))
    mechanism = rebuild(config, *sizes, params).decoder.attention
    if jax.tree.leaves(jax.eval_shape(remembered, jnp.asarray(h))[1]):
      pytest.skip("carries something: its steps run one after the other")
    together, each = jax.jit(looks)(jnp.asarray(h), jnp.asarray(s))
  for one, other in zip(jax.tree.leaves(together), jax.tree.leaves(each), strict=True):
    np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)
