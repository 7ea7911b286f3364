"""Products round their operands and nothing else."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt.errors import UserError
from nmt.models.products import affine, product


def rounded(x):
  return np.asarray(jnp.asarray(x).astype(jnp.bfloat16), np.float64)


def test_bfloat16_rounds_operands_only_and_so_do_its_gradients():
  random = np.random.default_rng(0)
  a, b, mix = (
    jnp.asarray(random.standard_normal(shape), jnp.float32)
    for shape in ((40, 300), (300, 20), (40, 20))
  )

  def loss(a, b):
    out = product("bfloat16")("nd,de->ne", a, b)
    return (out * mix).sum(), out

  (d_a, d_b), out = jax.grad(loss, argnums=(0, 1), has_aux=True)(a, b)
  for found, expected in [
    (out, rounded(a) @ rounded(b)),
    (d_a, rounded(mix) @ rounded(b).T),
    (d_b, rounded(a).T @ rounded(mix)),
  ]:
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_float32_keeps_the_precision_of_its_operands():
  with jax.enable_x64(True):
    x, kernel = jnp.full((2, 3, 4), 1 / 3), jnp.full((4, 5), 1 / 7)
    y = affine(product("float32"), x, kernel, jnp.ones(5))
    assert y.shape == (2, 3, 5)
    np.testing.assert_allclose(y, 4 / 21 + 1, rtol=1e-15)


def test_an_unknown_precision_is_a_users_mistake():
  with pytest.raises(UserError, match="float32 or bfloat16"):
    product("float16")
