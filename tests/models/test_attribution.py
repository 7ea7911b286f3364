"""Attributions against a linear function, the oracle's finite differences, and what they sum to."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt.data.ids import PAD
from nmt.models import attribution, shapes

WIDE = 1e-6  # of a central difference
PAIRS = [([4, 5, 7, 2], [4, 12, 2]), ([9, 2], [7, 8, 9, 2])]
SMOOTH = {"readout.kind": "tanh"}  # maxout has kinks, where quadrature is slow
CHOICES = [
  SMOOTH | {"attention.kind": "none", "joint": True},
  {"attention.kind": "latent", "order.kind": "update_first", "readout.kind": "linear"},
  SMOOTH | {"attention.kind": "monotonic", "encoder.kind": "embeddings", "cell.kind": "lstm"},
]


def test_of_a_linear_function_all_methods_are_the_same():
  random = np.random.default_rng(0)
  E_x = np.concatenate([np.zeros((1, 5)), random.standard_normal((9, 5))])
  W_TxM = random.standard_normal((3, 5))
  source_BxJ = np.array([[4, 5, 4, 9], [8, 2, PAD, PAD]])
  wanted = np.einsum("bjm,tm->btj", E_x[source_BxJ], W_TxM)
  with jax.enable_x64(True):

    def of_vectors(x_BxJxM):
      return jnp.einsum("bjm,tm->bt", x_BxJxM, jnp.asarray(W_TxM))

    def of_words(source_BxJ):
      return of_vectors(jnp.asarray(E_x)[source_BxJ])

    x = jnp.asarray(E_x[source_BxJ])
    for found in attribution.along(of_vectors, x, 3)[1:]:
      np.testing.assert_allclose(found, wanted)
    tokens = jnp.asarray(source_BxJ)
    np.testing.assert_allclose(
      attribution.occlusion(of_words, tokens, of_words(tokens)), wanted, atol=1e-12
    )


def test_integrated_gradients_of_a_square_are_exact():
  def f(x):
    return (x.sum(axis=(1, 2)) ** 2)[:, None]  # 36, of which each word has half

  x = jnp.ones((1, 2, 3))
  found = attribution.along(f, x, 2)
  assert not found.baseline.any()
  np.testing.assert_allclose(found.integrated, [[[18, 18]]], rtol=1e-6)
  np.testing.assert_allclose(found.gradient, [[[36, 36]]], rtol=1e-6)


@pytest.mark.parametrize("changes", CHOICES, ids=str)
def test_of_a_model(changes, small, weights, sizes, pad, oracle):
  model = small(**{key: value for key, value in changes.items() if key != "joint"})
  params = weights(model)
  given = params
  if changes.get("joint"):
    params["encoder"]["E_x"] = params["decoder"]["E_y"]
    model.joint, sizes = True, (sizes[1], sizes[1])
    given = params | {"encoder": {k: v for k, v in params["encoder"].items() if k != "E_x"}}
  source_BxJ, target_BxT = pad([x for x, _ in PAIRS]), pad([y for _, y in PAIRS])
  with jax.enable_x64(True):
    compute = jax.jit(functools.partial(attribution.attribute, model, sizes, steps=40))
    found = jax.device_get(compute(given, source_BxJ, target_BxT))
  plain = {key: value for key, value in changes.items() if key != "joint"}

  def log_p(source, target, E_x):
    own = params | {"encoder": params["encoder"] | {"E_x": E_x}}
    read = oracle.read(own, source, target, **plain)
    return read.log_p[range(len(target)), target]

  E_x = params["encoder"]["E_x"]
  for b, (x, y) in enumerate(PAIRS):
    T, J = len(y), len(x)
    assert not found.gradient[b, T:].any()
    assert not found.occlusion[b, :, J:].any()
    np.testing.assert_allclose(found.log_probs[b, :T], log_p(x, y, E_x), rtol=1e-8)
    none = log_p(x, y, np.zeros_like(E_x))
    np.testing.assert_allclose(found.baseline[b, :T], none, rtol=1e-8)
    np.testing.assert_allclose(
      found.integrated[b, :T].sum(axis=1), found.log_probs[b, :T] - none, atol=2e-3
    )
    for j, word in enumerate(x):
      ends = []
      for sign in (1, -1):
        scaled = E_x.copy()
        scaled[word] *= 1 + sign * WIDE
        ends.append(log_p(x, y, scaled))
      slope = (ends[0] - ends[1]) / (2 * WIDE)
      np.testing.assert_allclose(found.gradient[b, :T, j], slope, rtol=1e-5, atol=1e-7)
      if J > 2:
        without = log_p([*x[:j], *x[j + 1 :]], y, E_x)
        np.testing.assert_allclose(
          found.occlusion[b, :T, j], log_p(x, y, E_x) - without, rtol=1e-7, atol=1e-9
        )


@pytest.mark.parametrize("kind", ["hard", "multihead", "structured"])
def test_unusual_mechanisms_can_be_attributed(kind, small, sizes):
  model = small(**{"attention.kind": kind})
  params = shapes(model, *sizes)
  tokens = jax.ShapeDtypeStruct((2, 4), jnp.int32)
  compute = functools.partial(attribution.attribute, model, sizes, steps=2)
  assert jax.eval_shape(compute, params, tokens, tokens).integrated.shape == (2, 4, 4)
