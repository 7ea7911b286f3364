"""All steps of a linear recurrence at once are those one after another, whatever runs them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt import kinds, models
from nmt.models import linear
from nmt.models.initializers import initializers
from nmt.models.layers import make

T, B, N = 7, 3, 4
KINDS = [
  kind
  for kind in kinds.names("model.cell")
  if issubclass(kinds.find("model.cell", kind).Cell, linear.LinearCell)
]


def one_by_one(a, b, h, reverse):
  states = []
  for t in reversed(range(T)) if reverse else range(T):
    h = a[t] * h + b[t]
    states.append(h)
  return jnp.stack(states[::-1] if reverse else states)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("run", [linear._by_loop, linear._associative, None])
def test_values_and_gradients_are_those_of_a_loop(reverse, run, monkeypatch):
  random = np.random.default_rng(0)
  if run:
    monkeypatch.setattr(linear, "_by_loop", run)
  with jax.enable_x64(True):
    a = jnp.asarray(random.uniform(-1, 1, (T, B, N)))
    b, h, mix = (jnp.asarray(random.standard_normal(s)) for s in ((T, B, N), (B, N), (T, B, N)))

    def loss(scan):
      value = jax.value_and_grad(lambda *x: (mix * scan(*x, reverse)).sum(), (0, 1, 2))
      return jax.jit(value)(a, b, h)

    ours, theirs = loss(linear.linear_scan), loss(one_by_one)
  jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-12), ours, theirs)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reverse", [False, True])
def test_all_steps_at_once_equal_one_after_another_from_any_state(small, kind, reverse):
  model = small(**{"cell.kind": kind})
  random = np.random.default_rng(1)
  cell = make(model, model.embedding, initializers("glorot", 0))
  with jax.enable_x64(True):
    cell = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), cell)
    x = cell.project(jnp.asarray(random.standard_normal((T, B, model.embedding))))
    state = cell.start(jnp.asarray(random.standard_normal((B, model.size))))
    real = jnp.asarray(np.arange(T)[:, None] < [7, 4, 1])
    together, _ = cell.run(state, x, real, reverse)
    steps = {}
    for t in reversed(range(T)) if reverse else range(T):
      after = cell(state, x[t])
      held = real[t]
      state = jax.tree.map(
        lambda new, old, held=held: jnp.where(held.reshape(-1, *[1] * (new.ndim - 1)), new, old),
        after,
        state,
      )
      steps[t] = cell.output(state)
    one_by_one = jnp.stack([steps[t] for t in range(T)])
  np.testing.assert_allclose(together, one_by_one, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("attention", ["none", "additive", "multihead", "structured"])
def test_no_loop_over_target_positions_is_left(small, sizes, loops, attention):
  choice = {"cell.kind": "mingru", "order.kind": "update_first", "order.input_feeding": False}
  config = small(**choice, **{"attention.kind": attention})
  J, S = 5, 9

  def loss(params, source, target):
    features = models.rebuild(config, *sizes, params).features(source, target)
    return features.t.sum()

  rows = (jax.ShapeDtypeStruct((B, J), jnp.int32), jax.ShapeDtypeStruct((B, S), jnp.int32))
  params = models.shapes(config, *sizes)
  gpu = jax.export.export(jax.jit(jax.grad(loss)), platforms=["cuda"])(params, *rows)
  assert "stablehlo.while" not in gpu.mlir_module()
  # On a CPU the recurrence itself is a loop; what has products goes from sentence to sentence.
  found = list(loops(jax.make_jaxpr(jax.grad(loss))(params, *rows).jaxpr))
  assert {loop.params["length"] for loop in found} <= {B, J, S}
  for loop in found:
    if loop.params["length"] != B:
      assert "dot_general" not in str(loop.params["jaxpr"])
      assert "tanh" not in str(loop.params["jaxpr"])


@pytest.mark.parametrize("least", [0.9, 0.01])
def test_rglru_keeps_shares_from_the_least_to_0_999_of_its_state_where_r_is_1(small, least):
  model = small(**{"cell.kind": "rglru", "cell.least_a": least})
  cell = make(model, model.embedding, initializers("glorot", 0))
  cell.b_ri.set_value(np.repeat([1e9, 0], model.size).astype(np.float32))
  cell = jax.tree.map(jnp.asarray, cell)
  a, _ = cell.coefficients(jnp.zeros((1, model.size)))
  np.testing.assert_allclose(a[0], np.linspace(least, 0.999, model.size), rtol=1e-6)
