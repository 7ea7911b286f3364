"""How often the gates of the decoder's cells are shut or open: what a cell's file doesn't say.

No cell tells what its gates are, but each makes them by the logistic function. So a step is traced,
and its operations are run one by one, with what comes out of each logistic function within a cell
noted (Karpathy, Johnson and Li, 2015, look at gates so; a cell of a new file needs nothing).
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.extend import core

from nmt import models
from nmt.data.ids import PAD
from nmt.decoding.forced import each
from nmt.decoding.trained import Run
from nmt.models.cells.base import SCOPE
from nmt.models.translation import before

SHUT, OPEN = 0.1, 0.9  # below and above which a gate is saturated, as Karpathy et al. have it
_INNER = ("jaxpr", "call_jaxpr", "fun_jaxpr")  # where an operation keeps the function that it calls
_LOOPS = ("scan", "while", "cond")


class Saturation(NamedTuple):
  """Shares of the gates of the decoder, in [0, 1], over all units and target tokens."""

  shut: float
  open: float


def saturation(run: Run, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> Saturation | None:
  """How many gates are below 0.1 and above 0.9 while targets are forced; None of cells without.

  pairs: (source ids, target ids), without BOS or EOS; too long ones are left out.
  """
  model, sizes = run.config.model, (run.source.size, run.target.size)

  def counts(params: Any, source_BxJ: jax.Array, target_BxT: jax.Array) -> Any:
    module = models.rebuild(model, *sizes, params)
    memory, start = module.encode(source_BxJ)

    def step(state: Any, y_B: jax.Array) -> tuple[Any, Any]:
      (after, _), gates = noting(module.step, memory, state, y_B)
      values = [gate.reshape(len(y_B), -1) for gate in gates]
      shut = sum(((value < SHUT).sum(axis=1) for value in values), start=jnp.zeros(len(y_B), int))
      wide = sum(((value > OPEN).sum(axis=1) for value in values), start=jnp.zeros(len(y_B), int))
      number = sum(value.shape[1] for value in values)
      return after, (shut, wide, jnp.full(len(y_B), number))

    _, found_TxB = jax.lax.scan(step, start, before(target_BxT).T)
    real_TxB = (target_BxT != PAD).T
    return [jnp.where(real_TxB, one, 0).sum(axis=0) for one in found_TxB]

  compiled = jax.jit(counts)
  rows = each(
    pairs, lambda *batch: compiled(run.params, *batch), lambda row, J, T: [int(x) for x in row]
  )
  shut, wide, number = (sum(column) for column in zip((0, 0, 0), *_known(rows), strict=True))
  return Saturation(shut / number, wide / number) if number else None


def noting(function: Any, *arguments: Any) -> tuple[Any, list[jax.Array]]:
  """function(*arguments), and what its logistic functions within a cell give."""
  closed, shape = jax.make_jaxpr(function, return_shape=True)(*arguments)
  found: list[jax.Array] = []
  flat = _run(closed.jaxpr, closed.consts, jax.tree.leaves(arguments), False, found)
  return jax.tree.unflatten(jax.tree.structure(shape), flat), found


def _run(
  jaxpr: Any, constants: Sequence[Any], values: Sequence[Any], within: bool, found: list[jax.Array]
) -> list[Any]:
  """Runs operations one by one; `within`: whether they are a cell's."""
  known = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*constants, *values], strict=True))
  for operation in jaxpr.eqns:
    given = [x.val if isinstance(x, core.Literal) else known[x] for x in operation.invars]
    own = within or SCOPE in str(operation.source_info.name_stack).split("/")
    inner = _called(operation)
    if inner is not None:
      results = _run(inner.jaxpr, inner.consts, given, own, found)
    else:
      bound = operation.primitive.get_bind_params(operation.params)
      functions, parameters = bound if isinstance(bound, tuple) else ((), bound)  # JAX < 0.10.2
      result = operation.primitive.bind(*functions, *given, **parameters)
      results = result if operation.primitive.multiple_results else [result]
    if own and operation.primitive.name == "logistic":
      found += results
    known.update(zip(operation.outvars, results, strict=True))
  return [x.val if isinstance(x, core.Literal) else known[x] for x in jaxpr.outvars]


def _called(operation: Any) -> Any:
  """The function that an operation does no more than call; None for all others."""
  if operation.primitive.name in _LOOPS:
    return None
  for key in _INNER:
    inner = operation.params.get(key)
    if isinstance(inner, core.ClosedJaxpr):
      return inner
  return None


def _known(rows: Iterator[list[int] | None]) -> Iterator[list[int]]:
  return (row for row in rows if row is not None)
