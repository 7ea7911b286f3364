"""A scan that takes the gradients of its matrices late: in one product each, after the loop.

In a loop, the gradient of a matrix is a product of B rows, added to the whole matrix in every step.
The sum over all steps is also one product of T x B rows, which runs near the peak of any device.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax

from nmt.models.products import Product

Spec = tuple[Product, str]
Loop = Callable[..., tuple[Any, Any]]


class Late:
  """An array that is the same in all steps, and only ever the second operand of a product.

  `nmt.models.products` calls `multiply`. Each product notes its spec and its first operand, and
  adds a slot of zeros whose gradient is that of the product: with the two of all steps, the
  gradient of the array is one more product.
  """

  def __init__(self, value: jax.Array, slots: list[jax.Array] | None):
    self.value, self.slots = value, slots
    self.shape = value.shape
    self.specs: list[Spec] = []
    self.operands: list[jax.Array] = []
    self.results: list[jax.Array] = []

  def __getitem__(self, _: Any) -> "Late":  # as a parameter is read
    return self

  def multiply(self, product: Product, spec: str, a: jax.Array) -> jax.Array:
    """product(spec, a, array)."""
    slot = self.slots[len(self.specs)] if self.slots else None
    result = _multiply(product, spec, a, self.value, slot)
    self.specs.append((product, spec))
    self.operands.append(a)
    self.results.append(result)
    return result


def scan(
  step: Callable[..., tuple[Any, Any]],
  module: nnx.Module,
  memory: dict[str, Any],
  late: tuple[str, ...],
  carry: Any,
  xs: Any,
  loop: Loop,
  reverse: bool = False,
) -> tuple[Any, Any]:
  """lax.scan of step(module, memory, carry, x) -> (carry, y), with late gradients.

  The matrices of `module`, and of `memory` what `late` names, reach `step` as `Late`; those that
  no step multiplies, as word vectors, do not reach it. `loop` of this file or of another runs it.
  """
  graph, *states = nnx.split(module, lambda _, value: value.ndim == 2, ...)
  matrices, others = map(nnx.to_pure_dict, states)
  fixed = {key: value for key, value in memory.items() if key not in late}
  leaves, tree = jax.tree.flatten((matrices, {key: memory[key] for key in late}))

  def whole(constants, rest, carry, x):
    (matrices, late), (others, memory) = constants, rest
    return step(nnx.merge(graph, matrices, others), memory | late, carry, x)

  uses = results(whole, tree, leaves, (others, fixed), carry, first(xs))
  used = [leaf if its else None for leaf, its in zip(leaves, uses, strict=True)]
  return loop(whole, reverse, jax.tree.unflatten(tree, used), (others, fixed), carry, xs)


def noted(step, tree, leaves, slots, rest, carry, x):
  """What a step returns, and each constant with the notes of its products."""
  notes = [Late(leaf, slots and slots[i]) for i, leaf in enumerate(leaves)]
  return step(jax.tree.unflatten(tree, notes), rest, carry, x), notes


def results(step, tree, leaves, rest, carry, x):
  """Shapes and types of the products of each constant, and so of its slots."""

  def found(*arguments):
    return [note.results for note in noted(step, tree, leaves, None, *arguments)[1]]

  return jax.eval_shape(found, rest, carry, x)


def first(xs):
  """Shapes and types of what one step is given."""
  return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), xs)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def loop(step, reverse, constants, rest, carry, xs):
  leaves, tree = jax.tree.flatten(constants)

  def body(carry, x):
    return noted(step, tree, leaves, None, rest, carry, x)[0]

  return lax.scan(body, carry, xs, reverse=reverse)


def _forward(step, reverse, constants, rest, carry, xs):
  leaves, tree = jax.tree.flatten(constants)
  specs: list[list[Spec]] = []
  form: list[Any] = []

  def run(rest, carry, xs, slots):
    def body(carry, inputs):
      x, slots = inputs
      (carry, y), notes = noted(step, tree, leaves, slots, rest, carry, x)
      specs[:] = [note.specs for note in notes]
      found, shape = jax.tree.flatten((y, [note.operands for note in notes]))
      once = {id(one): one for one in found}  # what is used twice is kept once
      form[:] = [shape, [list(once).index(id(one)) for one in found]]
      return carry, list(once.values())

    carry, once = lax.scan(body, carry, (xs, slots), reverse=reverse)
    shape, places = form
    ys, operands = jax.tree.unflatten(shape, [once[place] for place in places])
    return (carry, ys), operands

  sizes = results(step, tree, leaves, rest, carry, first(xs))
  steps = jax.tree.leaves(xs)[0].shape[0]
  slots = jax.tree.map(lambda size: jnp.zeros((steps, *size.shape), size.dtype), sizes)
  found, slopes, operands = jax.vjp(run, rest, carry, xs, slots, has_aux=True)
  total = jax.tree_util.Partial(functools.partial(gradients, tree, specs))
  return found, (slopes, total, leaves, operands)


def gradients(tree, specs, leaves, operands, slots):
  """Of each constant: the sum over its products and over all steps, from its slots' gradients."""
  totals = []
  for leaf, uses, its_operands, slopes in zip(leaves, specs, operands, slots, strict=True):
    total = jnp.zeros_like(leaf)
    for (product, spec), a, slope in zip(uses, its_operands, slopes, strict=True):
      left, right, out = spec.replace("->", ",").split(",")
      total += product(f"T{left},T{out}->{right}", a, slope).astype(leaf.dtype)
    totals.append(total)
  return jax.tree.unflatten(tree, totals)


def _backward(step, reverse, saved, gradients):
  slopes, total, leaves, operands = saved
  *others, slots = slopes(gradients)
  return total(leaves, operands, slots), *others


loop.defvjp(_forward, _backward)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _multiply(product, spec, a, b, slot):
  return product(spec, a, b)


def _multiply_forward(product, spec, a, b, slot):
  return product(spec, a, b), (jnp.zeros((0,), a.dtype), b)


def _multiply_backward(product, spec, operands, gradient):
  left, right, out = spec.replace("->", ",").split(",")
  like_a, b = operands
  return product(f"{out},{right}->{left}", gradient, b).astype(like_a.dtype), None, gradient


_multiply.defvjp(_multiply_forward, _multiply_backward)
