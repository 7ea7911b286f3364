"""Late gradients are those of lax.scan, whatever the step does with its matrices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from nmt.models import late
from nmt.models.products import product

T, B, N, M = 5, 3, 4, 2
multiply = product("float32")


class Cell(nnx.Module):
  def __init__(self, draw):
    self.U = nnx.Param(draw(N, N))
    self.V = nnx.Param(draw(N, M))
    self.P = nnx.Param(draw(N, N))
    self.Q = nnx.Param(draw(N, N))
    self.idle = nnx.Param(draw(N, N))
    self.b = nnx.Param(draw(N))

  def __call__(self, memory, s, x):
    twice = multiply("bn,nm->bm", jnp.tanh(multiply("bn,nm->bm", s, self.U[...])), self.U[...])
    read = multiply("bj,bjn->bn", jax.nn.softmax(s[:, :M]), memory["values"])
    plain = s @ self.P[...]  # never late
    both = multiply("bn,nm->bm", s, self.Q[...]) * self.Q[...].sum()
    inside = jax.vmap(lambda row: multiply("bn,nm->bm", row[None], self.U[...])[0])(s)
    s = jnp.tanh(twice + plain + both + inside + read * memory["gain"] + x + self.b[...][None])
    return s, (multiply("bn,nm->bm", s, self.V[...]), s)


def step(constants, s, x):
  cell, memory = constants
  return cell(memory, s, x)


@pytest.mark.parametrize("reverse", [False, True])
def test_values_and_gradients_are_those_of_a_scan(reverse):
  random = np.random.default_rng(0)
  with jax.enable_x64(True):

    def draw(*shape):
      return jnp.asarray(random.normal(size=shape) / 2)

    graph, params = nnx.split(Cell(draw))
    params = nnx.to_pure_dict(params)
    memory = {"values": draw(B, M, N), "gain": draw(B, N)}
    arguments = params, memory, draw(B, N), draw(T, B, N)
    weights = draw(T, B, M)

    def loss(scan):
      def run(params, memory, s, xs):
        constants = nnx.merge(graph, params), memory
        last, (read, states) = scan(step, constants, s, xs, reverse)
        return (weights * read).sum() + (last**2).sum() + jnp.sin(states).sum()

      return jax.jit(jax.value_and_grad(run, argnums=(0, 1, 2, 3)))(*arguments)

    def plain(step, constants, s, xs, reverse):
      return jax.lax.scan(lambda s, x: step(constants, s, x), s, xs, reverse=reverse)

    ours, theirs = loss(late.scan), loss(plain)
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12), ours, theirs)


def multiplied(cell, s, x):
  return jnp.tanh(multiply("bn,nm->bm", s, cell.U[...]) + x), s


def at(cell, s, x):
  return jnp.tanh(s @ cell.U[...] + x), s


@pytest.mark.parametrize(("step", "inside"), [(multiplied, 0), (at, 1)])
def test_a_matrix_is_added_up_in_the_loop_only_where_it_is_not_a_product_of_ours(step, inside):
  graph, params = nnx.split(Cell(lambda *shape: jnp.ones(shape)))

  def run(params):
    cell = nnx.merge(graph, params)
    return late.scan(step, cell, jnp.ones((B, N)), jnp.ones((T, B, N)))[0].sum()

  program = jax.make_jaxpr(jax.grad(run))(nnx.to_pure_dict(params))
  scans = [equation for equation in program.eqns if equation.primitive.name == "scan"]
  assert len(scans) == 2
  added = [value for scan in scans for value in scan.outvars if value.aval.shape == (N, N)]
  assert len(added) == inside  # what comes of every step has T first


def test_what_no_step_reads_does_not_go_through_the_loop():
  graph, params = nnx.split(Cell(lambda *shape: jnp.ones(shape)))

  def run(params):
    cell = nnx.merge(graph, params)
    return late.scan(multiplied, cell, jnp.ones((B, N)), jnp.ones((T, B, N)))[0].sum()

  program = jax.make_jaxpr(run)(nnx.to_pure_dict(params))
  loop = next(e for e in program.eqns if e.primitive.name == "custom_vjp_call")
  given = [value.aval.shape for value in loop.invars if value in program.jaxpr.invars]
  assert given == [(N, N)]  # U, and neither V nor idle


def test_what_is_only_asked_for_its_shape_is_there():
  def step(constants, s, x):
    wide, U = constants
    return multiply("bn,nm->bm", s, U) / wide.shape[0], x

  def run(U):
    return late.scan(step, (jnp.ones(7), U), jnp.ones((B, N)), jnp.ones((T, B, N)))[0].sum()

  assert jax.jit(jax.grad(run))(jnp.eye(N)).shape == (N, N)


def test_a_scan_within_a_step_is_a_scan_of_its_own():
  U = jnp.asarray(np.random.default_rng(1).normal(size=(N, N)) / 2, jnp.float32)

  def run(U, outer, inner):
    def within(U, s, x):
      return jnp.tanh(multiply("bn,nm->bm", s, U) + x), None

    def step(U, s, x):
      s, _ = inner(within, U, multiply("bn,nm->bm", s, U), jnp.stack([x, -x]))
      return s, s

    return outer(step, U, jnp.ones((B, N)), jnp.ones((T, B, N)))[1].sum()

  def plain(step, constants, s, xs):
    return jax.lax.scan(lambda s, x: step(constants, s, x), s, xs)

  ours, theirs = jax.grad(run)(U, late.scan, late.scan), jax.grad(run)(U, plain, plain)
  np.testing.assert_allclose(ours, theirs, rtol=1e-5)
