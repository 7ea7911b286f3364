"""A scan that takes the gradients of matrices late: in one product each, after the loop.

The idea. A step t multiplies a matrix W by an array a_t of B rows, r_t = a_t W. If g_t is the
gradient of r_t, that of W is

  dW = a_1^T g_1 + ... + a_T^T g_T               T products of B rows, each added to all of W
     = [a_1; ...; a_T]^T [g_1; ...; g_T]         one product of T x B rows

The second form is one large product, and the loop no longer reads and writes an array as large as W
in every step. What it is worth on two cores, little, is in docs/speed.md.

How. Each such product gets a slot, an array of zeros: r_t = a_t W + slot_t, with W taken for a
constant. JAX's own gradient of the loop with respect to the slots is then g_1 .. g_T, the loop
gives out a_1 .. a_T, and dW is one more product.

Nobody who writes a step has to know. `nmt.models.products` hands every product to `multiply`, which
finds out by identity whether its second operand is a constant of the scan under way. A constant
that is used in any other way, by `@` or in a sum, gets the gradient that JAX gives it; one used in
both ways gets the sum of both.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend.core import get_opaque_trace_state

Product = Callable[[str, jax.Array, jax.Array], jax.Array]
Step = Callable[[Any, Any, Any], tuple[Any, Any]]
Arrays = Sequence[jax.Array]


class Use(NamedTuple):
  """One product of a step: which constant is its second operand, and how they are multiplied."""

  constant: int
  product: Product
  spec: str


@dataclass
class Notes:
  """What one trace of a step multiplies; filled by `multiply`.

  places: the index of each late constant, by its id in this trace.
  values: the constants, of which no gradient is taken; slots: one for each use. Without slots, the
  products are only noted.
  """

  places: dict[int, int]
  values: Arrays
  slots: Arrays | None
  trace: Any = field(default_factory=get_opaque_trace_state)
  uses: list[Use] = field(default_factory=list)
  operands: list[jax.Array] = field(default_factory=list)
  results: list[jax.Array] = field(default_factory=list)


_NOTES: ContextVar[Notes | None] = ContextVar("notes", default=None)


def multiply(product: Product, spec: str, a: jax.Array, b: jax.Array) -> jax.Array:
  """product(spec, a, b), of which the gradient of b is taken late if b is a constant of a scan."""
  notes = _NOTES.get()
  # Inside a transformation of the step's own, as vmap, a is nothing that the loop could give out.
  if notes is None or id(b) not in notes.places or _elsewhere(notes):
    return product(spec, a, b)
  place = notes.places[id(b)]
  if notes.slots is None:
    result = product(spec, a, b)
  else:
    slot = notes.slots[len(notes.uses)]
    result = _with_slot(product, spec, a, notes.values[place], slot)
  notes.uses.append(Use(place, product, spec))
  notes.operands.append(a)
  notes.results.append(result)
  return result


def scan(step: Step, constants: Any, carry: Any, xs: Any, reverse: bool = False) -> tuple[Any, Any]:
  """lax.scan of step(constants, carry, x) -> (carry, y), with late gradients of `constants`.

  `constants` is a tree of arrays, which may hold modules; what no step reads has no gradient here.
  """
  leaves, tree = jax.tree.flatten(constants)
  late, read, products = _survey(step, tree, leaves, carry, xs)

  def whole(late_leaves: Arrays, others: Arrays, carry: Any, x: Any) -> tuple[Any, Any]:
    kinds = iter(late_leaves), iter(others)
    found = [
      # What is not read may still be asked for its shape.
      next(kinds[0]) if i in late else next(kinds[1]) if i in read else leaf
      for i, leaf in enumerate(leaves)
    ]
    return step(jax.tree.unflatten(tree, found), carry, x)

  matrices = [leaf for i, leaf in enumerate(leaves) if i in late]
  others = [leaf for i, leaf in enumerate(leaves) if i in read - late]
  return _loop(whole, reverse, products, matrices, others, carry, xs)


def _survey(
  step: Step, tree: Any, leaves: Arrays, carry: Any, xs: Any
) -> tuple[set[int], set[int], tuple[jax.ShapeDtypeStruct, ...]]:
  """Which leaves a step multiplies as `multiply` can take late, and which it reads at all.

  And the shapes of these products, in the order in which they are made.
  """
  uses: list[Use] = []
  shapes: list[jax.ShapeDtypeStruct] = []

  def traced(leaves: Arrays, carry: Any, x: Any) -> Any:
    with _noting(leaves, leaves, None) as notes:
      results = step(jax.tree.unflatten(tree, leaves), carry, x)
    uses[:] = notes.uses
    shapes[:] = [jax.ShapeDtypeStruct(one.shape, one.dtype) for one in notes.results]
    return results

  jaxpr = jax.make_jaxpr(traced)(leaves, carry, _first(xs)).jaxpr
  operands = {id(v) for equation in jaxpr.eqns for v in equation.invars}
  operands |= {id(v) for v in jaxpr.outvars}
  read = {i for i, v in enumerate(jaxpr.invars[: len(leaves)]) if id(v) in operands}
  return {use.constant for use in uses}, read, tuple(shapes)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1, 2))
def _loop(
  step: Callable[..., tuple[Any, Any]],
  reverse: bool,
  products: tuple[jax.ShapeDtypeStruct, ...],
  late: Arrays,
  others: Arrays,
  carry: Any,
  xs: Any,
) -> tuple[Any, Any]:
  return lax.scan(lambda carry, x: step(late, others, carry, x), carry, xs, reverse=reverse)


def _forward(
  step: Callable[..., tuple[Any, Any]],
  reverse: bool,
  products: tuple[jax.ShapeDtypeStruct, ...],
  late: Arrays,
  others: Arrays,
  carry: Any,
  xs: Any,
) -> tuple[tuple[Any, Any], tuple[Any, ...]]:
  values = late
  uses: list[Use] = []
  layout: list[Any] = []

  def run(
    late: Arrays, others: Arrays, carry: Any, xs: Any, slots: Arrays
  ) -> tuple[tuple[Any, Any], Arrays]:
    def body(carry: Any, inputs: tuple[Any, Arrays]) -> tuple[Any, Arrays]:
      x, slots = inputs
      with _noting(late, values, slots) as notes:
        carry, y = step(late, others, carry, x)
      uses[:] = notes.uses
      found, tree = jax.tree.flatten((y, notes.operands))
      once = {id(one): one for one in found}  # what is given out twice is kept once
      layout[:] = tree, [list(once).index(id(one)) for one in found]
      return carry, list(once.values())

    carry, once = lax.scan(body, carry, (xs, slots), reverse=reverse)
    tree, places = layout
    ys, operands = jax.tree.unflatten(tree, [once[place] for place in places])
    return (carry, ys), operands

  steps = jax.tree.leaves(xs)[0].shape[0]
  slots = [jnp.zeros((steps, *shape.shape), shape.dtype) for shape in products]
  found, gradients, operands = jax.vjp(run, late, others, carry, xs, slots, has_aux=True)
  total = jax.tree_util.Partial(functools.partial(_add, tuple(uses)))
  return found, (gradients, total, operands)


def _backward(
  step: Callable[..., tuple[Any, Any]],
  reverse: bool,
  products: tuple[jax.ShapeDtypeStruct, ...],
  saved: tuple[Any, ...],
  gradient: Any,
) -> tuple[Any, ...]:
  gradients, total, operands = saved
  late, *others, slots = gradients(gradient)
  return total(late, operands, slots), *others


_loop.defvjp(_forward, _backward)


def _add(
  uses: Sequence[Use], totals: Arrays, operands: Arrays, gradients: Arrays
) -> list[jax.Array]:
  """Adds to the gradient of each constant that of its products, over all steps at once."""
  totals = list(totals)
  for use, a, gradient in zip(uses, operands, gradients, strict=True):
    left, right, out = use.spec.replace("->", ",").split(",")
    more = use.product(f"T{left},T{out}->{right}", a, gradient)
    totals[use.constant] += more.astype(totals[use.constant].dtype)
  return totals


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _with_slot(
  product: Product, spec: str, a: jax.Array, b: jax.Array, slot: jax.Array
) -> jax.Array:
  """product(spec, a, b) + 0; the gradient of the slot is that of the result, b has none."""
  return product(spec, a, b)


def _with_slot_forward(
  product: Product, spec: str, a: jax.Array, b: jax.Array, slot: jax.Array
) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
  return product(spec, a, b), (jnp.zeros((0,), a.dtype), b)


def _with_slot_backward(
  product: Product, spec: str, saved: tuple[jax.Array, jax.Array], gradient: jax.Array
) -> tuple[jax.Array, None, jax.Array]:
  like_a, b = saved
  left, right, out = spec.replace("->", ",").split(",")
  return product(f"{out},{right}->{left}", gradient, b).astype(like_a.dtype), None, gradient


_with_slot.defvjp(_with_slot_forward, _with_slot_backward)


@contextlib.contextmanager
def _noting(constants: Arrays, values: Arrays, slots: Arrays | None) -> Iterator[Notes]:
  """Within it, products with one of `constants` are noted: values and slots are as in `Notes`."""
  notes = Notes({id(one): i for i, one in enumerate(constants)}, values, slots)
  token = _NOTES.set(notes)
  try:
    yield notes
  finally:
    _NOTES.reset(token)


def _elsewhere(notes: Notes) -> bool:
  return bool(get_opaque_trace_state() != notes.trace)


def _first(xs: Any) -> Any:
  """Shapes and types of what one step is given."""
  return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), xs)
