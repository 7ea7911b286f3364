"""A recurrence as one Pallas kernel: what does not change from step to step stays on the chip.

The grid is time. A block whose place does not depend on time is fetched once: the matrices, the
memory of the source and the state stay in the chip's own memory while inputs and outputs stream
past. So a TPU runs a grid. Elsewhere the kernel is interpreted, for tests: a GPU's blocks run side
by side, and the paper's matrices fit in none of them.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental import pallas as pl
from jax.experimental.pallas import tpu as pltpu

from nmt.models import late


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def loop(step, reverse, constants, rest, carry, xs):
  """The last carry and the outputs of all steps, as `late.loop` gives them."""
  return _forward(step, reverse, constants, rest, carry, xs)[0]


def _forward(step, reverse, constants, rest, carry, xs):
  leaves, tree = jax.tree.flatten(constants)

  def body(kept, carry, x):
    leaves, rest = kept
    after, y = late.noted(step, tree, leaves, None, rest, carry, x)[0]
    return after, (y, carry)

  last, (ys, before) = _grid(body, (leaves, rest), carry, xs, reverse)
  return (last, ys), (constants, rest, before, xs)


def _backward(step, reverse, saved, gradients):
  """Each step is computed anew from the carry before it, then pulled back."""
  constants, rest, before, xs = saved
  leaves, tree = jax.tree.flatten(constants)
  specs: list[list[late.Spec]] = []
  sizes = late.results(step, tree, leaves, rest, *late.first((before, xs)))

  def body(kept, gradients, inputs):
    leaves, rest = kept
    d_carry, d_rest = gradients
    before, x, d_y = inputs

    def noted(rest, carry, x, slots):
      after, notes = late.noted(step, tree, leaves, slots, rest, carry, x)
      specs[:] = [note.specs for note in notes]
      return after, [note.operands for note in notes]

    slots = jax.tree.map(lambda size: jnp.zeros(size.shape, size.dtype), sizes)
    _, pull, operands = jax.vjp(noted, rest, before, x, slots, has_aux=True)
    d_now, d_before, d_x, d_slots = pull((d_carry, d_y))
    d_rest = jax.tree.map(jnp.add, d_rest, _real(d_now, rest))
    return (d_before, d_rest), (_real(d_x, x), operands, d_slots)

  d_last, d_ys = gradients
  nothing = _real(jax.tree.map(jnp.zeros_like, rest), rest)
  (d_carry, d_rest), (d_xs, operands, d_slots) = _grid(
    body, (leaves, rest), (d_last, nothing), (before, xs, d_ys), not reverse
  )
  return late.gradients(tree, specs, leaves, operands, d_slots), d_rest, d_carry, d_xs


loop.defvjp(_forward, _backward)


def _grid(body: Callable[..., tuple[Any, Any]], kept: Any, carry: Any, xs: Any, reverse: bool):
  """lax.scan of body(kept, carry, x) -> (carry, y), as a kernel whose grid is time."""
  steps = jax.tree.leaves(xs)[0].shape[0]
  after, y = jax.eval_shape(body, kept, carry, late.first(xs))
  ys = jax.tree.map(lambda one: jax.ShapeDtypeStruct((steps, *one.shape), one.dtype), y)

  def still(array):
    return pl.BlockSpec(
      array.shape, lambda t: (0,) * array.ndim, pipeline_mode=pl.Buffered(buffer_count=1)
    )

  def moving(array):
    place = (0,) * (array.ndim - 1)
    return pl.BlockSpec(
      (None, *array.shape[1:]), lambda t: (steps - 1 - t if reverse else t, *place)
    )

  def kernel(kept, first, x, carry, y):
    def read(refs):
      return jax.tree.map(lambda ref: ref[...], refs)

    def write(refs, values):
      jax.tree.map(lambda ref, value: ref.__setitem__(..., value), refs, values)

    @pl.when(pl.program_id(0) == 0)
    def _():
      write(carry, read(first))

    values = body(read(kept), read(carry), read(x))
    write((carry, y), values)

  on_tpu = pltpu.is_tpu_device()
  return pl.pallas_call(
    kernel,
    (after, ys),
    grid=(steps,),
    in_specs=(*jax.tree.map(still, (kept, carry)), jax.tree.map(moving, xs)),
    out_specs=(jax.tree.map(still, after), jax.tree.map(moving, ys)),
    interpret=not on_tpu,
    compiler_params=_whole_memory() if on_tpu else None,
  )(kept, carry, xs)


def _whole_memory() -> pltpu.CompilerParams:
  most = pltpu.get_tpu_info().vmem_capacity_bytes
  return pltpu.CompilerParams(dimension_semantics=("arbitrary",), vmem_limit_bytes=most)


def _real(gradients: Any, values: Any) -> Any:
  """The gradients of what has any: of numbers, not of masks."""
  return jax.tree.map(
    lambda d, value: d if jnp.issubdtype(value.dtype, jnp.inexact) else None, gradients, values
  )
