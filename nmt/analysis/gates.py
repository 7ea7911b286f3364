"""How far the gates of the cells are open, on given pairs.

A cell names its gates, but gives out its state alone. Each gate is made by a logistic function. So
the model is traced, and its operations are run one by one, with what comes out of each logistic
function within a cell noted: training knows nothing of it, and a cell of a new file needs nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core

from nmt import models
from nmt.decoding.forced import each
from nmt.decoding.trained import Run
from nmt.models.cells.base import SCOPE, find
from nmt.models.translation import before

SHUT, OPEN = 0.1, 0.9  # below and above which a gate is saturated, as Karpathy et al. have it
_INNER = ("jaxpr", "call_jaxpr", "fun_jaxpr")  # where an operation keeps the function that it calls
_LOOPS = ("while", "cond")  # no cell is within these
# The parts of a model that hold cells, in the order in which it runs them.
_PARTS = {"encoder": ("forward", "backward", "cell", "layers"), "decoder": ("cell", "second")}


class Saturation(NamedTuple):
  """Shares of gates, in [0, 1], over all units and tokens."""

  shut: float
  open: float


class Gates(NamedTuple):
  """Of one pair: for each position and gate, the mean over its units, and the shares of them that
  are shut and open. Positions are those of the source's tokens in the encoder, and of the target's
  in the decoder, whose step i reads token i - 1; ends included.
  """

  encoder_JxGx3: np.ndarray
  decoder_TxGx3: np.ndarray


def names(run: Run) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
  """(cell, gate) of each gate of the encoder and of the decoder, as `gates` has them.

  Cells have the names of their parameters (docs/weights.md). Empty for cells without gates.
  """
  kind = find(run.config.model).gates
  tree = models.shapes(run.config.model, run.source.size, run.target.size)
  encoder, decoder = ([*_cells(part, tree[part])] for part in _PARTS)
  return [(c, g) for c in encoder for g in kind], [(c, g) for c in decoder for g in kind]


def _cells(part: str, tree: Any) -> Iterator[str]:
  """The cells of a part, in the order in which they run, by the tree of its parameters."""

  def within(name: str, inner: Any) -> Iterator[str]:
    if "b" in inner:
      yield name
      return
    nested = inner.get("cells", inner)
    prefix = f"{name}.cells" if "cells" in inner else name
    for key in sorted(nested, key=int):
      yield from within(f"{prefix}.{key}", nested[key])

  for name in _PARTS[part]:
    if name in tree:
      yield from within(f"{part}.{name}", tree[name])


def gates(run: Run, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> Iterator[Gates | None]:
  """The gates while targets are forced; None of a pair that is too long.

  pairs: (source ids, target ids), without BOS or EOS.
  """
  model, sizes = run.config.model, (run.source.size, run.target.size)
  n = model.size

  def of_batch(params: Any, source_BxJ: jax.Array, target_BxT: jax.Array) -> Any:
    module = models.rebuild(model, *sizes, params)
    start, encoder = noting(module.encode, source_BxJ)
    _, decoder = noting(module.decoder.features, *start, before(target_BxT))
    B = len(source_BxJ)
    return [_numbers(found, B, n) for found in (encoder, decoder)]

  compiled = jax.jit(of_batch)

  def cut(row: Any, J: int, T: int) -> Gates:
    return Gates(np.array(row[0][:J]), np.array(row[1][:T]))

  return each(pairs, lambda *batch: compiled(run.params, *batch), cut)


def saturations(
  run: Run, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]
) -> dict[tuple[str, str], Saturation]:
  """How often each gate is below 0.1 and above 0.9, by (cell, gate) as `names` has them.

  pairs: (source ids, target ids), without BOS or EOS; too long ones are left out. Empty where no
  pair is left.
  """
  found = [one for one in gates(run, pairs) if one is not None]
  every: dict[tuple[str, str], Saturation] = {}
  for known, several in zip(names(run), zip(*found, strict=True), strict=False):  # by side
    if known:
      _, shut, wide = np.concatenate(several).mean(axis=0, dtype=np.float64).T
      shares = map(Saturation, shut.tolist(), wide.tolist())
      every |= dict(zip(known, shares, strict=True))
  return every


def saturation(run: Run, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> Saturation | None:
  """How many gates of the decoder are below 0.1 and above 0.9; None of cells without."""
  return together(saturations(run, pairs), "decoder")


def together(found: Mapping[tuple[str, str], Saturation], side: str) -> Saturation | None:
  """Of all gates of a side, encoder or decoder; None where it has none."""
  own = [one for (cell, _), one in found.items() if cell.startswith(f"{side}.")]
  if not own:
    return None
  shut, wide = np.mean(own, axis=0)
  return Saturation(float(shut), float(wide))


def _numbers(found: Sequence[jax.Array], B: int, n: int) -> jax.Array:
  """Arrays _xBx(gates n), one position after the other -> B x positions x gates x 3."""
  if not found:
    return jnp.zeros((B, 0, 0, 3))
  rows = jnp.concatenate([one.reshape(-1, B, one.shape[-1] // n, n) for one in found], axis=2)
  three = [rows.mean(axis=3), (rows < SHUT).mean(axis=3), (rows > OPEN).mean(axis=3)]
  return jnp.stack(three, axis=3).swapaxes(0, 1)


def noting(function: Any, *arguments: Any) -> tuple[Any, list[jax.Array]]:
  """function(*arguments), and what its logistic functions within a cell give.

  Of those in a loop over time, that of all times, which come first.
  """
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
    if operation.primitive.name == "scan":
      results = _scan(operation.params, given, own, found)
    elif inner is not None:
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


def _scan(
  loop: dict[str, Any], given: Sequence[Any], within: bool, found: list[jax.Array]
) -> list[Any]:
  """Runs a loop whose steps are run one by one."""
  constants, carried = _counts(loop)
  inner, first = loop["jaxpr"], constants + carried

  def step(carry: Any, x: Any) -> tuple[Any, Any]:
    noted: list[jax.Array] = []
    values = [*given[:constants], *carry, *x]
    results = _run(inner.jaxpr, inner.consts, values, within, noted)
    return results[:carried], (results[carried:], noted)

  carry, (ys, noted) = jax.lax.scan(
    step, list(given[constants:first]), list(given[first:]), loop["length"], loop["reverse"]
  )
  found += noted
  return [*carry, *ys]


def _counts(loop: dict[str, Any]) -> tuple[int, int]:
  """How many operands of a loop are constants, and how many are carried from step to step."""
  if "num_consts" in loop:  # JAX < 0.12
    return loop["num_consts"], loop["num_carry"]
  constants, carried, _ = loop["ft_in"].unpack()
  return len(list(constants)), len(list(carried))


def _called(operation: Any) -> Any:
  """The function that an operation does no more than call; None for all others."""
  if operation.primitive.name in _LOOPS:
    return None
  for key in _INNER:
    inner = operation.params.get(key)
    if isinstance(inner, core.ClosedJaxpr):
      return inner
  return None
