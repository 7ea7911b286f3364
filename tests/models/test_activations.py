"""What a model shows of its way is what the oracle computes, and can be had of every kind."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt import declarations, kinds
from nmt.models import rebuild
from nmt.models.activations import activations

DEFAULTS = {key: option.default for key, option in declarations.declared({}).items()}
KINDS = [
  {f"{group[6:]}.kind": kind}
  for group in ("model.encoder", "model.attention", "model.order")
  for kind in kinds.names(group)
  if kind != DEFAULTS[f"{group}.kind"]
]
CHOICES = [{}, {"attention.kind": "multihead", "encoder.kind": "convolutional"}]


def name(choice):
  return "-".join(map(str, choice.values())) or "default"


@pytest.mark.parametrize("choice", CHOICES, ids=name)
def test_they_are_the_oracles(small, weights, sizes, pairs, pad, oracle, choice):
  config = small(**choice)
  exact = weights(config)
  with jax.enable_x64(True):
    params = jax.tree.map(jnp.asarray, exact)
    source, target = (jnp.asarray(pad(side, 7)) for side in zip(*pairs, strict=True))
    found = jax.jit(lambda params: activations(rebuild(config, *sizes, params), source, target))(
      params
    )
  for b, (x, y) in enumerate(pairs):
    expected = oracle.read(exact, x, y, **choice)
    T, J = len(y), len(x)
    np.testing.assert_allclose(found.h_BxJxD[b, :J], expected.h, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(found.s_BxTxN[b, :T], expected.s, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(found.c_BxTxG[b, :T], expected.c, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(found.alpha_BxTxJ[b, :T, :J], expected.alpha, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("choice", KINDS, ids=name)
def test_every_kind_has_them(small, weights, sizes, choice):
  config = small(**choice)
  rows = jax.ShapeDtypeStruct((2, 5), jnp.int32)
  params = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, jnp.float32), weights(config))
  found = jax.eval_shape(
    lambda params, x, y: activations(rebuild(config, *sizes, params), x, y), params, rows, rows
  )
  assert found.s_BxTxN.shape == (2, 5, 6)
  assert found.alpha_BxTxJ.shape == (2, 5, 5)
