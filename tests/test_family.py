"""Each pair of kinds may be had and works, or is refused before anything runs."""

import re

import jax
import jax.numpy as jnp
import pytest

from configs import base
from experiments.benchmarks import family
from nmt import kinds, models
from nmt.errors import UserError
from nmt.launching import flags
from nmt.training import step
from nmt.training.objectives.base import Rows

V, B, J, T = 9, 2, 3, 4
ROWS = Rows(
  jax.ShapeDtypeStruct((B, J), jnp.int32),
  jax.ShapeDtypeStruct((B, T), jnp.int32),
  jax.ShapeDtypeStruct((B, T, J), jnp.int8),
)
KEYS = jax.eval_shape(lambda: jax.random.split(jax.random.key(0), B))


def name(choice):
  return "-".join(choice.values())


@pytest.mark.each_kind
@pytest.mark.parametrize("choice", family.covering(), ids=name)
def test_a_loss_its_gradient_and_a_step_of_search_have_their_shapes(choice):
  config = family.config(choice)
  objective, params = step.objective_of(config), models.shapes(config.model, V, V)
  kept = jax.eval_shape(objective.begin)

  def loss(params, rows, keys, kept):
    model = models.rebuild(config.model, V, V, params)
    value, sums = objective.sums(model, rows, keys, kept)
    assert value.shape == ()
    return value, (sums, objective.keep(kept, sums))

  gradients, (sums, after) = jax.eval_shape(jax.grad(loss, has_aux=True), params, ROWS, KEYS, kept)
  assert (gradients, after) == (params, kept)
  assert sums.keys() >= {"loss", "nll", "correct", "tokens"}

  def search(params, source, y):
    model = models.rebuild(config.model, V, V, params)
    memory, state = model.encode(source)
    return state, model.step(memory, state, y)

  y = jax.ShapeDtypeStruct((B,), jnp.int32)
  before, (after, (logits, alpha)) = jax.eval_shape(search, params, ROWS.source, y)
  assert before == after  # what a loop carries
  assert (logits.shape, alpha.shape) == ((B, V), (B, J))
