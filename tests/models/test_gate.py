"""The context gate: what it scales, and that no step adds to the gradient of a matrix."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt import kinds, models
from nmt.models.initializers import initializers
from nmt.models.layers import make
from nmt.refusals import NO_PRODUCT

B, J, T = 2, 5, 9


@pytest.mark.parametrize(
  ("order", "attention"),
  [("attend_first", "multihead"), ("conditional", "additive"), ("update_first", "additive")],
)
def test_gradients_of_matrices_are_taken_after_the_loop(small, sizes, loops, order, attention):
  choice = {"order.gate": "both", "order.kind": order, "attention.kind": attention}
  config = small(**choice)

  def loss(params, source, target):
    return models.rebuild(config, *sizes, params).features(source, target).t.sum()

  rows = jax.ShapeDtypeStruct((B, J), jnp.int32), jax.ShapeDtypeStruct((B, T), jnp.int32)
  params = models.shapes(config, *sizes)
  program = jax.make_jaxpr(jax.grad(loss))(params, *rows)
  matrices = {leaf.shape for leaf in jax.tree.leaves(params) if len(leaf.shape) == 2}
  found = list(loops(program.jaxpr))
  assert len(found) == 6  # two of the encoder and one of the decoder, and their gradients
  assert not {value.aval.shape for loop in found for value in loop.outvars} & matrices


def test_a_gated_cell_counts_its_products_with_the_state_by_unit(small):
  for kind in kinds.names("model.cell"):
    cell = make(small(**{"cell.kind": kind}), None, initializers("glorot", 0))
    cell = jax.tree.map(jnp.asarray, cell)

    @jax.jit
    def steps(s, x, cell=cell):
      shares = None, jnp.ones_like(s), jnp.zeros_like(s)
      return [cell.output(cell(cell.start(s), x, share)) for share in shares]

    plain, all_of_it, nothing = steps(jnp.full((B, cell.size), 0.5), jnp.ones((B, cell.width)))
    np.testing.assert_allclose(all_of_it, plain, rtol=1e-6)
    without = NO_PRODUCT in kinds.traits("model.cell", kind)
    assert np.allclose(nothing, plain, rtol=1e-6) == without
