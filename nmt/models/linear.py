"""Linear recurrences h_t = a_t * h_{t-1} + b_t: all steps at once, with a gradient of that form.

The gradient. With g_t what comes to h_t from outside, what comes to it in all is

  q_t = g_t + a_{t+1} * q_{t+1}

a linear recurrence that runs backwards; then db_t = q_t and da_t = q_t * h_{t-1}. Taken
automatically, the gradient of an associative scan would keep all of its log T levels.
"""

import functools
from typing import Any, TypeGuard

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float

from nmt.models.cells.base import SCOPE, Cell, State, Zoneout
from nmt.models.layers import Stack, Transition

One = Float[Array, "B N"]  # one step's
Saved = tuple[Float[Array, "T B N"], Float[Array, "B N"], Float[Array, "T B N"]]  # a, h_0 and all h
Coefficients = tuple[Float[Array, "*rows N"], Float[Array, "*rows N"]]


class LinearCell(Cell):
  """A cell whose gates depend on what comes from outside alone.

  h_t = a_t * h_{t-1} + b_t, with (a, b) = coefficients(x), so that all steps can run at once. A
  cell of a file writes `coefficients`, for x of any leading axes.
  """

  def coefficients(self, x: Float[Array, "*rows G"]) -> Coefficients:
    """a and b, ...xn, of x_...xG."""
    raise TypeError(f"{type(self).__module__} has no coefficients")

  def advance(self, state: State, x_BxG: Float[Array, "B G"]) -> State:
    a, b = self.coefficients(x_BxG)
    return a * state + b

  def run(
    self,
    state: State,
    x_TxBxG: Float[Array, "T B G"],
    real_TxB: Bool[Array, "T B"],
    reverse: bool = False,
  ) -> tuple[Float[Array, "T B N"], State]:
    """The output of each step, TxBxn, and the last state; where nothing is real it is held."""
    with jax.named_scope(SCOPE):
      a, b = self.coefficients(self.outside(x_TxBxG))
    real = real_TxB[:, :, None]
    h_TxBxN = linear_scan(jnp.where(real, a, 1), jnp.where(real, b, 0), state, reverse)
    return self.output(h_TxBxN), h_TxBxN[0 if reverse else -1]


def at_once(layer: Any) -> TypeGuard[LinearCell]:
  """Whether all steps of a cell can run at once; with zoneout each depends on the last state."""
  return isinstance(layer, LinearCell) and not isinstance(layer, Zoneout)


def run(
  cell: Cell | Transition | Stack, state: State, x_TxBxG: Float[Array, "T B G"]
) -> Float[Array, "T B N"] | None:
  """The output of each step, TxBxn, of a linear cell or layers of them; None for other cells."""
  real_TxB = jnp.ones(x_TxBxG.shape[:2], bool)
  if not isinstance(cell, Stack):
    return cell.run(state, x_TxBxG, real_TxB)[0] if at_once(cell) else None
  s_TxBxN: Float[Array, "T B N"] | None = None
  for i, layer in enumerate(cell.layers):
    if not at_once(layer):
      return None
    if s_TxBxN is not None:
      x_TxBxG = layer.project(cell.dropped(state, i, s_TxBxN))
    own, _ = layer.run(state.own[i], x_TxBxG, real_TxB)
    s_TxBxN = own if s_TxBxN is None else cell.above(s_TxBxN, own)
  return s_TxBxN


@functools.partial(jax.custom_vjp, nondiff_argnums=(3,))
def linear_scan(
  a_TxBxN: Float[Array, "T B N"],
  b_TxBxN: Float[Array, "T B N"],
  h_BxN: Float[Array, "B N"],
  reverse: bool = False,
) -> Float[Array, "T B N"]:
  """All states h_TxBxN of h_t = a_t * h_{t-1} + b_t, from h_0; with `reverse`, from the last t on.

  On a CPU by a loop, which is twice as fast there (docs/speed.md); elsewhere by an associative
  scan, whose speed has not been measured.
  """
  run = functools.partial(_by_loop, reverse=reverse)
  scan = functools.partial(_associative, reverse=reverse)
  h_TxBxN: Float[Array, "T B N"] = lax.platform_dependent(
    a_TxBxN, b_TxBxN, h_BxN, cpu=run, default=scan
  )
  return h_TxBxN


def _by_loop(
  a: Float[Array, "T B N"], b: Float[Array, "T B N"], h: Float[Array, "B N"], reverse: bool
) -> Float[Array, "T B N"]:
  def step(h: One, inputs: tuple[One, One]) -> tuple[One, One]:
    a, b = inputs
    h = a * h + b
    return h, h

  states: Float[Array, "T B N"] = lax.scan(step, h, (a, b), reverse=reverse)[1]
  return states


def _associative(
  a: Float[Array, "T B N"], b: Float[Array, "T B N"], h: Float[Array, "B N"], reverse: bool
) -> Float[Array, "T B N"]:
  first = -1 if reverse else 0
  b = b.at[first].add(a[first] * h)

  def after(one: Coefficients, two: Coefficients) -> Coefficients:
    return one[0] * two[0], two[0] * one[1] + two[1]

  states: Float[Array, "T B N"] = lax.associative_scan(after, (a, b), reverse=reverse)[1]
  return states


def _forward(
  a: Float[Array, "T B N"], b: Float[Array, "T B N"], h: Float[Array, "B N"], reverse: bool
) -> tuple[Float[Array, "T B N"], Saved]:
  states = linear_scan(a, b, h, reverse)
  return states, (a, h, states)


def _backward(
  reverse: bool, saved: Saved, gradient: Float[Array, "T B N"]
) -> tuple[Float[Array, "T B N"], Float[Array, "T B N"], Float[Array, "B N"]]:
  a, h, states = saved
  nothing = jnp.zeros_like(a[:1])
  after = jnp.concatenate([nothing, a[:-1]] if reverse else [a[1:], nothing])
  total = linear_scan(after, gradient, jnp.zeros_like(h), not reverse)
  before = jnp.concatenate([states[1:], h[None]] if reverse else [h[None], states[:-1]])
  first = -1 if reverse else 0
  return total * before, total, a[first] * total[first]


linear_scan.defvjp(_forward, _backward)
