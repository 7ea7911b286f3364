"""Guided alignment against the oracle: its value, and its gradient by finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt import kinds
from nmt.errors import UserError
from nmt.launching import flags
from nmt.models import rebuild
from nmt.training.objectives.base import Rows
from nmt.training.objectives.guided import distance


@pytest.fixture
def made(config):
  """made(**keys) is the objective `guided`."""

  def make(**changes):
    given = {"train.objective.kind": "guided"} | {
      f"train.objective.{k}": v for k, v in changes.items()
    }
    return kinds.find("train.objective", "guided").Objective(flags.override_by(config, given).train)

  return make


def links(pairs, seed=0):
  """Some links of each pair, of which one target word has none and one has several."""
  random = np.random.default_rng(seed)
  found = []
  for x, y in pairs:
    A = random.integers(0, 2, (len(y), len(x)))
    A[-1] = 0
    A[0, : len(x) // 2 + 1] = 1
    found.append(A)
  return found


def test_value_and_gradient_are_those_of_the_article(
  made, small, weights, sizes, pairs, pad, oracle
):
  model = small()
  params, gold = weights(model), links(pairs)
  objective = made(weight=2.0, decay=0.5, every=3)
  kept = {"updates": jnp.int32(7)}

  def cost(params):
    total = 0.0
    for (x, y), A in zip(pairs, gold, strict=True):
      reading = oracle.read(params, x, y)
      total -= reading.log_p[np.arange(len(y)), y].sum()
      for A_t, alpha_t in zip(A, reading.alpha, strict=True):
        if A_t.any():
          total -= 2.0 * 0.5**2 * sum(A_t / A_t.sum() * np.log(alpha_t))
    return total

  with jax.enable_x64(True):
    source, target = (jnp.asarray(pad(side)) for side in zip(*pairs, strict=True))
    dense = np.zeros((len(pairs), target.shape[1], source.shape[1]), np.int8)
    for row, A in zip(dense, gold, strict=True):
      row[: A.shape[0], : A.shape[1]] = A

    rows = Rows(source, target, jnp.asarray(dense))

    def loss(params):
      return objective.sums(rebuild(model, *sizes, params), rows, None, kept)

    given = jax.tree.map(jnp.asarray, params)
    gradients, found = jax.jit(jax.grad(loss, has_aux=True))(given)
  np.testing.assert_allclose(found["loss"], cost(params), rtol=1e-5)
  np.testing.assert_allclose(found["loss"], found["nll"] + 0.5 * found["alignment"], rtol=1e-6)
  oracle.check_slopes(cost, params, gradients, step=1e-5, tolerance=1e-4)


def test_a_weight_of_zero_costs_what_the_least_weight_does():
  alpha, A = jnp.array([[[1.0, 0.0]]]), jnp.array([[[0, 1]]], jnp.int8)
  cost, slope = jax.value_and_grad(lambda alpha: distance(A, alpha))(alpha)
  np.testing.assert_allclose(cost, -np.log(1e-9), rtol=1e-6)
  assert (slope == 0).all()
  assert distance(jnp.zeros_like(A), alpha) == 0


def test_batches_without_links_are_refused(made, small, weights, sizes):
  model = small()
  module = rebuild(model, *sizes, jax.tree.map(jnp.float32, weights(model)))
  rows = Rows(jnp.array([[4, 2]]), jnp.array([[5, 2]]))
  with pytest.raises(UserError, match="needs batches with word links"):
    made().sums(module, rows, jax.random.split(jax.random.key(0), 1), {"updates": jnp.int32(0)})


def test_weights_that_sum_to_more_than_1_are_shares_of_their_sum():
  A = jnp.array([[[1, 0, 0]]])
  alpha = jnp.array([[[2.0, 1.0, 1.0]]])
  np.testing.assert_allclose(distance(A, alpha), -np.log(0.5), rtol=1e-6)
  np.testing.assert_allclose(distance(A, 1000 * alpha), distance(A, alpha), rtol=1e-6)
  np.testing.assert_allclose(distance(A, alpha / 8), -np.log(0.25), rtol=1e-6)
