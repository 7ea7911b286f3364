"""One update: loss, gradient, optimizer, average, and nothing else."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh
from ml_collections import ConfigDict

from nmt import models
from nmt.training import sharding
from nmt.training.loss import loss_sums
from nmt.training.optimizer import average, batch_scale, clip_factor, learning_rate, optimizer

State = dict[str, Any]
Rows = tuple[jax.Array, jax.Array]  # source_BxJ and target_BxT
Sums = dict[str, jax.Array]


@dataclass(frozen=True)
class Program:
  """The compiled functions of a run.

  A state holds `params`, `optimizer`, `update` (how many were made), `finite` (False once a loss or
  gradient was not: from then on the state stays as it was before that update) and, if
  train.ema > 0, `average`.
  """

  abstract: State  # shapes, types and shardings
  create: Callable[[], State]
  step: jax.stages.Wrapped  # state, rows, scale -> state, sums; the state is donated
  add: Callable[..., tuple[Any, Sums]]  # state, (gradients, sums), rows, first row; one of several
  finish: Callable[..., tuple[State, Sums]]  # state, (gradients, sums), scale
  nothing: Callable[[State], tuple[Any, Sums]]  # what `add` starts from
  evaluate: Callable[..., Sums]  # params, rows

  def update(self, state: State, batches: Sequence[Rows], scale: float) -> tuple[State, Sums]:
    """One update from one batch or several; `scale` multiplies the learning rate.

    Several are exactly one large batch: gradients are summed, then divided by all their tokens.
    """
    if len(batches) == 1:
      return self.step(state, batches[0], scale)
    total, row = self.nothing(state), 0
    for rows in batches:
      total = self.add(state, total, rows, row)
      row += rows[0].shape[0]
    return self.finish(state, total, scale)


def build(config: ConfigDict, source_size: int, target_size: int, mesh: Mesh) -> Program:
  """The program of a config on a mesh."""
  train, method = config.train, optimizer(config.train)
  gradient_sums, evaluate = _sharded(config, source_size, target_size, mesh)
  noisy = any(config.model.dropout.values())

  def begin(params):
    state = {
      "params": jax.tree.map(jnp.copy, params),
      "optimizer": method.init(params),
      "update": jnp.int32(0),
      "finite": jnp.bool_(True),
    }
    return state | ({"average": jax.tree.map(jnp.copy, params)} if train.ema else {})

  def create():  # drawn outside of any program, which would carry every weight as a constant
    return start(models.init(config.model, source_size, target_size, config.seed))

  def sums(state, rows, first):
    keys = None
    if noisy:  # a sentence's key depends on its place in the update, not on its device
      key = jax.random.fold_in(jax.random.key(config.seed), state["update"])
      numbers = first + jnp.arange(rows[0].shape[0], dtype=jnp.int32)
      keys = jax.vmap(jax.random.fold_in, (None, 0))(key, numbers)
    return gradient_sums(sharding.gather(mesh, state["params"]), rows, keys)

  def apply(state, gradients, totals, scale):
    update = state["update"] + 1
    tokens = jnp.maximum(totals["tokens"], 1)
    norm = optax.tree.norm(gradients) / tokens.astype(jnp.float32)
    finite = state["finite"] & jnp.isfinite(totals["loss"]) & jnp.isfinite(norm)
    rate = scale * batch_scale(config) * learning_rate(train, update)

    def moved(state):
      factor = clip_factor(train, norm) / tokens.astype(jnp.float32)
      mean = jax.tree.map(lambda g: factor * g, gradients)
      with jax.numpy_dtype_promotion("standard"):  # Optax raises floats to a count
        steps, optimizer_state = method.update(mean, state["optimizer"], state["params"])
      params = jax.tree.map(lambda p, s: p - rate * s, state["params"], steps)
      after = {"params": params, "optimizer": optimizer_state, "update": update}
      if train.ema:
        after["average"] = average(train.ema, state["average"], params, update)
      return after

    # Not a `where` of old and new, for which XLA would copy the old state.
    before = {key: value for key, value in state.items() if key != "finite"}
    after = jax.lax.cond(finite, moved, lambda state: state, before)
    results = totals | {"gradient_norm": norm, "learning_rate": rate, "finite": finite}
    return after | {"finite": finite}, results

  def step(state, rows, scale):
    gradients, totals = sums(state, rows, 0)
    return apply(state, gradients, totals, scale)

  def add(state, total, rows, first):
    return jax.tree.map(jnp.add, total, sums(state, rows, first))

  def finish(state, total, scale):
    gradients, totals = total
    return apply(state, gradients, totals, scale)

  def nothing(state):
    zeros = {key: jnp.float32(0) for key in ("loss", "nll")}
    counts = {key: jnp.int32(0) for key in ("correct", "tokens")}
    return jax.tree.map(jnp.zeros_like, state["params"]), zeros | counts

  shapes = jax.eval_shape(begin, models.shapes(config.model, source_size, target_size))
  stored = sharding.shardings(mesh, shapes)
  start = jax.jit(begin, out_shardings=stored)
  jit = functools.partial(jax.jit, out_shardings=(stored, None))
  return Program(
    abstract=jax.tree.map(lambda x, s: x.update(sharding=s), shapes, stored),
    create=create,
    step=jit(step, donate_argnums=0),
    add=jax.jit(add, donate_argnums=1),
    finish=jit(finish, donate_argnums=0),
    nothing=jax.jit(nothing),
    evaluate=jax.jit(lambda params, rows: evaluate(sharding.gather(mesh, params), rows)),
  )


def _sharded(config: ConfigDict, source_size: int, target_size: int, mesh: Mesh):
  """Sums over all devices: of the gradients and the loss, and of the loss alone.

  Each device works through its own sentences as if it were alone, and all add up once, at the end:
  left to the partitioner, a recurrent weight's gradient would be added up in every time step.
  """
  smoothing = config.train.label_smoothing

  def loss(params, rows, keys, smoothing):
    model = models.rebuild(config.model, source_size, target_size, params)
    source, target = rows
    return loss_sums(model, source, target, smoothing, keys)

  def gradients(params, rows, keys):
    return total(jax.grad(loss, has_aux=True)(params, rows, keys, smoothing))

  def evaluate(params, rows):
    return total(loss(params, rows, None, 0.0)[1])

  def total(sums):  # of one device, XLA would make a copy
    return jax.lax.psum(sums, sharding.AXES) if mesh.size > 1 else sums

  def shard(function, arguments):
    specs = (sharding.WHOLE,) + (sharding.BATCH,) * arguments
    return jax.shard_map(
      function, mesh=mesh, in_specs=specs, out_specs=sharding.WHOLE, check_vma=False
    )

  return shard(gradients, 2), shard(evaluate, 1)
