"""How many floating-point operations a program's matrix products take, counted in its jaxpr.

XLA's own cost analysis counts the body of a loop once, however often it runs; here a scan counts
as many times as its length.
"""

import math
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr, Jaxpr


def products(program: Jaxpr | ClosedJaxpr) -> int:
  """Multiplications and additions of all products of matrices and all convolutions.

  A scan counts its body as often as it runs, a `cond` its costliest branch, a `while` loop, whose
  number of rounds is not known, one round; a program on each device of a mesh counts on all.
  """
  jaxpr = program.jaxpr if isinstance(program, ClosedJaxpr) else program
  return sum(map(_one, jaxpr.eqns))


def _one(equation: Any) -> int:
  name, parameters = equation.primitive.name, equation.params
  made = [math.prod(getattr(one.aval, "shape", ())) for one in equation.outvars]
  if name == "dot_general":
    (contracted, _), _ = parameters["dimension_numbers"]
    shape: tuple[int, ...] = equation.invars[0].aval.shape
    return int(2 * made[0] * math.prod(shape[axis] for axis in contracted))
  if name == "conv_general_dilated":
    kernel: tuple[int, ...] = equation.invars[1].aval.shape
    channels = kernel[parameters["dimension_numbers"].rhs_spec[0]]
    return int(2 * made[0] * math.prod(kernel) // channels)
  inner = [
    products(program)
    for program in jax.tree.leaves(parameters, is_leaf=_is_program)
    if _is_program(program)
  ]
  if name == "cond":
    return max(inner)
  times = parameters["length"] if name == "scan" else 1
  if name == "shard_map":
    times = parameters["mesh"].size
  return int(times * sum(inner))


def _is_program(value: Any) -> bool:
  return isinstance(value, Jaxpr | ClosedJaxpr)
