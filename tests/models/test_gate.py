"""The context gate: what it refuses, and that no step adds to the gradient of a matrix."""

import jax
import jax.numpy as jnp
import pytest
from jax.extend.core import jaxprs_in_params

from nmt import kinds, models
from nmt.errors import UserError
from nmt.models.linear import LinearCell

B, J, T = 2, 5, 9


def loops(jaxpr):
  for equation in jaxpr.eqns:
    if equation.primitive.name in ("scan", "while"):
      yield equation
    for inner in jaxprs_in_params(equation.params):
      yield from loops(inner)


@pytest.mark.parametrize("order", kinds.names("model.order"))
@pytest.mark.parametrize("attention", ["additive", "multihead"])
def test_gradients_of_matrices_are_taken_after_the_loop(small, sizes, order, attention):
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


@pytest.mark.parametrize("cell", kinds.names("model.cell"))
def test_a_gate_of_the_target_needs_products_with_the_state(small, sizes, cell):
  linear = issubclass(kinds.find("model.cell", cell).Cell, LinearCell)
  for gate in ("target", "both"):
    config = small(**{"order.gate": gate, "cell.kind": cell})
    if linear or cell == "sru":
      with pytest.raises(UserError, match=f"which model.cell.kind={cell} doesn't have"):
        models.shapes(config, *sizes)
    else:
      models.shapes(config, *sizes)
  models.shapes(small(**{"order.gate": "source", "cell.kind": cell}), *sizes)


def test_a_gated_cell_counts_its_products_with_the_state_by_unit(small, sizes):
  for kind in kinds.names("model.cell"):
    config = small(**{"cell.kind": kind})
    cell = models.rebuild(config, *sizes, models.init(config, *sizes, seed=0)).decoder.cell
    s, x = jnp.full((B, cell.size), 0.5), jnp.ones((B, cell.width))

    def step(share, cell=cell, s=s, x=x):
      return cell.output(cell(cell.start(s), x, share))

    assert jnp.array_equal(step(jnp.ones_like(s)), step(None))
    assert jnp.array_equal(step(jnp.zeros_like(s)), step(None)) != cell.multiplies
