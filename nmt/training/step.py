"""One update: loss, gradient, optimizer, average, and nothing else."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh
from jaxtyping import Array, Float, Int, Key
from ml_collections import ConfigDict

from nmt import kinds, models
from nmt.training import sharding
from nmt.training.freezing import frozen, held
from nmt.training.objectives.base import Objective, Rows, Sums
from nmt.training.objectives.base import evaluate as evaluate_sums
from nmt.training.optimizer import average, batch_scale, clip_factor, learning_rate, optimizer

State = dict[str, Any]
Seed = Int[Array, ""] | Int[np.ndarray, ""]
Total = tuple[Any, Sums]  # the sum of the gradients, and the sums of the objective


@dataclass(frozen=True)
class Program:
  """The compiled functions of a run.

  A state holds `params`, `optimizer`, `update` (how many were made), `finite` (False once a loss or
  gradient was not: from then on the state stays as it was before that update), `average` if
  train.ema > 0, and `objective` if that keeps anything.
  """

  abstract: State  # shapes, types and shardings
  create: Callable[..., State]  # the state before the first update; params, or else drawn ones
  seed: Int[np.ndarray, ""]  # an argument, so that runs of other seeds have the same programs
  step: jax.stages.Wrapped  # state, rows, scale, seed -> state, sums; the state is donated
  add: Callable[..., Total]  # state, total, rows, first row, seed; one batch of several
  finish: Callable[..., tuple[State, Sums]]  # state, total, scale
  nothing: Callable[[Rows], Total]  # what `add` starts from, for batches like these rows
  evaluate: Callable[..., Sums]  # params, rows

  def update(self, state: State, batches: Sequence[Rows], scale: float) -> tuple[State, Sums]:
    """One update from one batch or several; `scale` multiplies the learning rate.

    Several are exactly one large batch: gradients are summed, then divided by all their tokens.
    """
    if len(batches) == 1:
      found: tuple[State, Sums] = self.step(state, batches[0], scale, self.seed)
      return found
    total, row = self.nothing(batches[0]), 0
    for rows in batches:
      total = self.add(state, total, rows, row, self.seed)
      row += rows.source.shape[0]
    return self.finish(state, total, scale)

  def trace(self, rows: Any) -> jax.stages.Traced:
    """The update from one batch like these rows, to be looked into, lowered and compiled."""
    return self.step.trace(self.abstract, rows, 1.0, self.seed)


def objective_of(config: ConfigDict) -> Objective:
  """The objective of a config."""
  kind = kinds.find("train.objective", config.train.objective.kind)
  objective: Objective = kind.Objective(config.train)
  return objective


def build(config: ConfigDict, source_size: int, target_size: int, mesh: Mesh) -> Program:
  """The program of a config on a mesh."""
  sizes = source_size, target_size
  objective = objective_of(config)
  tree = models.shapes(config.model, *sizes)
  hold = frozen(config.train.freeze, tree) if config.train.freeze else None
  method = optimizer(config.train, hold)
  gradient_sums, evaluate = _sharded(config, objective, hold, *sizes, mesh)
  apply = _applying(config, objective, method, hold)
  random = models.random(config.model) or objective.random

  def begin(params: Any) -> State:
    return _begin(config, objective, method, params)

  def create(params: Any = None) -> State:
    # Drawn outside of any program, which would carry every weight as a constant.
    drawn = models.init(config.model, *sizes, config.seed) if params is None else params
    state: State = start(drawn)
    return state

  def sums(state: State, rows: Rows, first: int | Int[Array, ""], seed: Seed) -> Total:
    keys_B = _keys(seed, state["update"], first, rows.source.shape[0]) if random else None
    params = sharding.gather(mesh, state["params"])
    kept = {"updates": state["update"], **state.get("objective", {})}
    return gradient_sums((params, kept), rows, keys_B)

  def step(state: State, rows: Rows, scale: Float[Array, ""], seed: Seed) -> tuple[State, Sums]:
    return apply(state, sums(state, rows, 0, seed), scale)

  def add(state: State, total: Total, rows: Rows, first: Int[Array, ""], seed: Seed) -> Total:
    both: Total = jax.tree.map(jnp.add, total, sums(state, rows, first, seed))
    return both

  def nothing(rows: Rows) -> Total:
    zeros: Total = jax.tree.map(jnp.zeros_like, jax.eval_shape(sums, shapes, rows, 0, seed))
    return zeros

  seed = np.array(config.seed, np.int32)
  shapes = jax.eval_shape(begin, tree)
  stored = sharding.shardings(mesh, shapes, config.mesh.optimizer)
  start = jax.jit(begin, out_shardings=stored)
  jit = functools.partial(jax.jit, out_shardings=(stored, None))
  return Program(
    abstract=jax.tree.map(lambda x, s: x.update(sharding=s), shapes, stored),
    create=create,
    seed=seed,
    step=jit(step, donate_argnums=0),
    add=jax.jit(add, donate_argnums=1),
    finish=jit(apply, donate_argnums=0),
    nothing=jax.jit(nothing),
    evaluate=jax.jit(lambda params, rows: evaluate(sharding.gather(mesh, params), rows)),
  )


def _begin(
  config: ConfigDict, objective: Objective, method: optax.GradientTransformation, params: Any
) -> State:
  """The state before the first update."""
  state = {
    "params": jax.tree.map(jnp.copy, params),
    "optimizer": method.init(params),
    "update": jnp.int32(0),
    "finite": jnp.bool_(True),
  }
  if config.train.ema:
    state["average"] = jax.tree.map(jnp.copy, params)
  if kept := objective.begin():
    state["objective"] = kept
  return state


def _keys(
  seed: Seed, update: Int[Array, ""], first: int | Int[Array, ""], count: int
) -> Key[Array, "B"]:
  """A key for each sentence, by its place in the update and not by its device."""
  key = jax.random.fold_in(jax.random.key(seed), update)
  numbers = first + jnp.arange(count, dtype=jnp.int32)
  keys_B: Key[Array, "B"] = jax.vmap(jax.random.fold_in, (None, 0))(key, numbers)
  return keys_B


def _applying(
  config: ConfigDict, objective: Objective, method: optax.GradientTransformation, hold: Any
) -> Callable[[State, Total, Float[Array, ""]], tuple[State, Sums]]:
  """apply(state, total, scale): the state after the update of these gradients, and its results."""
  train = config.train

  def apply(state: State, total: Total, scale: Float[Array, ""]) -> tuple[State, Sums]:
    gradients, totals = total
    update = state["update"] + 1
    tokens = jnp.maximum(totals["tokens"], 1).astype(jnp.float32)
    norm = optax.tree.norm(gradients) / tokens
    finite = state["finite"] & jnp.isfinite(totals["loss"]) & jnp.isfinite(norm)
    rate = scale * batch_scale(config) * learning_rate(train, update)

    def moved(state: State) -> State:
      factor = clip_factor(train, norm) / tokens
      mean = jax.tree.map(lambda g: factor * g, gradients)
      with jax.numpy_dtype_promotion("standard"):  # Optax raises floats to a count
        steps, optimizer_state = method.update(mean, state["optimizer"], state["params"])
      params = jax.tree.map(lambda p, s: p - rate * s, state["params"], steps)
      after = {"params": params, "optimizer": optimizer_state, "update": update}
      if train.ema:
        after["average"] = average(train.ema, state["average"], params, update)
        if hold is not None:  # to the bit
          after["average"] = held(hold, state["average"], after["average"])
      if "objective" in state:
        after["objective"] = objective.keep(state["objective"], totals)
      return after

    # Not a `where` of old and new, for which XLA would copy the old state.
    before = {key: value for key, value in state.items() if key != "finite"}
    after = jax.lax.cond(finite, moved, lambda state: state, before)
    results = totals | {"gradient_norm": norm, "learning_rate": rate, "finite": finite}
    return after | {"finite": finite}, results

  return apply


def _sharded(
  config: ConfigDict,
  objective: Objective,
  hold: Any,
  source_size: int,
  target_size: int,
  mesh: Mesh,
) -> tuple[Callable[..., Total], Callable[..., Sums]]:
  """Sums over all devices: of the gradients and the objective, and of what validation reports.

  Each device works through its own sentences as if it were alone, and all add up once, at the end:
  left to the partitioner, a recurrent weight's gradient would be added up in every time step.
  """

  def rebuild(params: Any) -> models.Translation:
    return models.rebuild(config.model, source_size, target_size, params)

  def loss(params: Any, kept: Sums, rows: Rows, keys_B: Key[Array, "B"] | None) -> tuple[Any, Sums]:
    if hold is not None:
      params = held(hold, jax.lax.stop_gradient(params), params)
    return objective.sums(rebuild(params), rows, keys_B, kept)

  def gradients(whole: tuple[Any, Sums], rows: Rows, keys_B: Key[Array, "B"] | None) -> Total:
    found: Total = total(jax.grad(loss, has_aux=True)(*whole, rows, keys_B))
    return found

  def evaluate(params: Any, rows: Rows) -> Sums:
    found: Sums = total(evaluate_sums(rebuild(params), rows))
    return found

  def total(sums: Any) -> Any:  # of one device, XLA would make a copy
    return jax.lax.psum(sums, sharding.AXES) if mesh.size > 1 else sums

  def shard(function: Callable[..., Any], arguments: int) -> Callable[..., Any]:
    specs = (sharding.WHOLE,) + (sharding.BATCH,) * arguments
    return jax.shard_map(
      function, mesh=mesh, in_specs=specs, out_specs=sharding.WHOLE, check_vma=False
    )

  return shard(gradients, 2), shard(evaluate, 1)
