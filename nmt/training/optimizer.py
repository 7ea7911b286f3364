"""Gradients -> updates of the parameters: optax chains, schedules, averaged weights, by config."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int
from ml_collections import ConfigDict


def optimizer(train: ConfigDict, frozen: Any = None) -> optax.GradientTransformation:
  """The method of `train.optimizer`, without clipping and without its learning rate.

  The step multiplies the gradient by `clip_factor` before, and the result by
  -`learning_rate(train, update)`. AdamW's weight decay is spared the biases (vectors). Nothing is
  kept of parameters for which the tree `frozen` has True, and their gradient, 0, is handed on.
  """
  o = train.optimizer
  chain = [optax.identity()]  # plain gradient descent; no chain may be empty
  if o.name == "adadelta":
    chain.append(optax.scale_by_adadelta(o.rho, o.eps))
  elif o.name in ("adam", "adamw"):
    chain.append(optax.scale_by_adam(o.b1, o.b2, o.eps))
    if o.name == "adamw":
      chain.append(optax.add_decayed_weights(o.weight_decay, _matrices))
  elif o.momentum:
    chain.append(optax.trace(o.momentum))
  method = optax.chain(*chain)
  if frozen is None:
    return method
  return optax.masked(method, jax.tree.map(lambda x: not x, frozen))


def clip_factor(train: ConfigDict, norm: Float[Array, ""]) -> Float[Array, ""]:
  """What a gradient of a global norm is multiplied by, so that its norm is at most `train.clip`."""
  return jnp.minimum(1.0, train.clip / norm) if train.clip else jnp.float32(1.0)


def _matrices(params: Any) -> Any:
  return jax.tree.map(lambda x: x.ndim > 1, params)


def batch_scale(config: ConfigDict) -> float:
  """What the learning rate is multiplied by because of the batch size, if `batch` says for which.

  With k times the sentences an update: k for SGD (Goyal et al., 2017), sqrt(k) for Adam and AdamW
  (Malladi et al., 2022), 1 for Adadelta, whose steps have the scale of the weights.
  """
  o = config.train.optimizer
  if not o.batch:
    return 1.0
  k: float = config.batch.size * config.train.accumulate / o.batch
  power = {"sgd": 1.0, "adam": 0.5, "adamw": 0.5, "adadelta": 0.0}[o.name]
  return float(k**power)


def learning_rate(train: ConfigDict, update: int | Int[Array, ""]) -> Float[Array, ""]:
  """The learning rate of an update, counted from 1: linear warm-up, then the schedule.

  inverse_sqrt falls as 1 / sqrt(update), from the learning rate at the end of the warm-up; cosine
  ends at `floor` times the learning rate; plateau is constant here, and scaled from outside.
  """
  s = train.schedule
  update = jnp.asarray(update, jnp.float32)
  warm = jnp.minimum(update / s.warmup, 1.0) if s.warmup else jnp.float32(1.0)
  after = jnp.maximum(update - s.warmup, 0)
  if s.name == "inverse_sqrt":
    start = max(s.warmup, 1)
    warm = warm * jnp.sqrt(start / jnp.maximum(update, start))
  elif s.name == "cosine":
    share = jnp.minimum(after / max(train.updates - s.warmup, 1), 1.0)
    warm = warm * (s.floor + (1 - s.floor) * 0.5 * (1 + jnp.cos(math.pi * share)))
  rate: float = train.optimizer.learning_rate
  return rate * warm


def average(decay: float, averaged: Any, params: Any, update: int | Int[Array, ""]) -> Any:
  """The exponential moving average of the parameters after an update, counted from 1.

  a <- d a + (1 - d) params with d = min(decay, (1 + update) / (10 + update)): while there are few
  updates the average is over few.
  """
  u = jnp.asarray(update, jnp.float32)
  d = jnp.minimum(decay, (1 + u) / (10 + u))
  return jax.tree.map(lambda a, p: d * a + (1 - d) * p, averaged, params)
