"""Late gradients are those of lax.scan, whatever the step does with its matrices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from nmt.models import kernel, late
from nmt.models.products import product

T, B, N, M = 5, 3, 4, 2
multiply = product("float32")


class Cell(nnx.Module):
  def __init__(self, draw):
    self.U = nnx.Param(draw(N, N))
    self.V = nnx.Param(draw(N, M))
    self.idle = nnx.Param(draw(N, N))
    self.b = nnx.Param(draw(N))

  def __call__(self, memory, s, x):
    twice = multiply("bn,nm->bm", jnp.tanh(multiply("bn,nm->bm", s, self.U[...])), self.U[...])
    read = multiply("bj,bjn->bn", jax.nn.softmax(s[:, :M]), memory["values"])
    s = jnp.tanh(twice + read * memory["gain"] + x + self.b[...][None])
    return s, (multiply("bn,nm->bm", s, self.V[...]), s)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("loop", [late.loop, kernel.loop], ids=["loop", "kernel"])
def test_values_and_gradients_are_those_of_a_scan(reverse, loop):
  random = np.random.default_rng(0)
  with jax.enable_x64(True):

    def draw(*shape):
      return jnp.asarray(random.normal(size=shape))

    graph, params = nnx.split(Cell(draw))
    params = nnx.to_pure_dict(params)
    memory = {"values": draw(B, M, N), "gain": draw(B, N)}
    arguments = params, memory, draw(B, N), draw(T, B, N)
    weights = draw(T, B, M)

    def loss(scan):
      def run(params, memory, s, xs):
        last, (read, states) = scan(nnx.merge(graph, params), memory, s, xs)
        return (weights * read).sum() + (last**2).sum() + jnp.sin(states).sum()

      return jax.jit(jax.value_and_grad(run, argnums=(0, 1, 2, 3)))(*arguments)

    def plain(cell, memory, s, xs):
      return jax.lax.scan(lambda s, x: cell(memory, s, x), s, xs, reverse=reverse)

    def ours(cell, memory, s, xs):
      return late.scan(Cell.__call__, cell, memory, ("values",), s, xs, loop, reverse)

    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12), loss(ours), loss(plain))


def test_no_matrix_is_added_up_in_the_loop():
  cell = Cell(lambda *shape: jnp.ones(shape))
  graph, params = nnx.split(cell)

  def run(params):
    cell = nnx.merge(graph, params)
    memory = {"values": jnp.ones((B, M, N)), "gain": jnp.ones((B, N))}
    return late.scan(
      Cell.__call__, cell, memory, ("values",), jnp.ones((B, N)), jnp.ones((T, B, N)), late.loop
    )[0].sum()

  program = jax.make_jaxpr(jax.grad(run))(nnx.to_pure_dict(params))
  scans = [equation for equation in program.eqns if equation.primitive.name == "scan"]
  assert len(scans) == 2
  for scan in scans:
    assert all(value.aval.shape != (N, N) for value in scan.outvars)  # T come first in all outputs


def test_a_loop_is_given_no_matrix_that_its_steps_do_not_use():
  def loop(step, reverse, constants, rest, carry, xs):
    shapes.extend(constant.shape for constant in jax.tree.leaves(constants))
    return late.loop(step, reverse, constants, rest, carry, xs)

  shapes: list[tuple[int, ...]] = []
  cell = Cell(lambda *shape: jnp.ones(shape))
  memory = {"values": jnp.ones((B, M, N)), "gain": jnp.ones((B, N))}
  late.scan(Cell.__call__, cell, memory, ("values",), jnp.ones((B, N)), jnp.ones((T, B, N)), loop)
  assert sorted(shapes) == sorted([(N, N), (N, M), (B, M, N)])  # U, V and the values; not idle
