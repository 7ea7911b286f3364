"""The same model without modules: functions of a tree of arrays, and jax.jit.

What modules, the mesh and the step's precautions cost is the ratio of nmt to this.
"""

from typing import Any

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from experiments.benchmarks.speed import ours
from nmt import models
from nmt.data.ids import BOS, PAD
from nmt.models import late
from nmt.models.attention.additive import match
from nmt.models.cells.gru import blend, reset
from nmt.models.normalisers.softmax import normalise
from nmt.models.products import affine, product
from nmt.training.cross_entropy import cross_entropy
from nmt.training.optimizer import optimizer

times = product("float32")


class System(ours.System):
  """pure: nmt but for its update, which is this file's."""

  def build(self, V: int) -> Any:
    return Program(self.config, V)


class Program:
  """What nmt.training.step.Program is to the benchmark."""

  def __init__(self, config: ConfigDict, V: int):
    method, rate = optimizer(config.train), config.train.optimizer.learning_rate

    def create():
      params = models.init(config.model, V, V, config.seed)
      return {"params": params, "optimizer": method.init(params)}

    def step(state, rows, scale):
      gradients, results = jax.grad(loss, has_aux=True)(state["params"], rows.source, rows.target)
      mean = jax.tree.map(lambda g: g / results["tokens"], gradients)
      norm = jnp.sqrt(sum(jnp.vdot(g, g) for g in jax.tree.leaves(mean)))
      mean = jax.tree.map(lambda g: g * jnp.minimum(1, config.train.clip / norm), mean)
      steps, after = method.update(mean, state["optimizer"], state["params"])
      params = jax.tree.map(lambda p, s: p - scale * rate * s, state["params"], steps)
      results |= {"gradient_norm": norm, "learning_rate": jnp.float32(rate), "finite": True}
      return {"params": params, "optimizer": after}, results

    self.create, self.step = create, jax.jit(step, donate_argnums=0)
    params = models.shapes(config.model, V, V)
    self.abstract = {"params": params, "optimizer": jax.eval_shape(method.init, params)}

  def update(self, state: Any, batches: list[Any], scale: float) -> Any:
    return self.step(state, batches[0], scale)

  def trace(self, rows: Any) -> jax.stages.Traced:
    return self.step.trace(self.abstract, rows, 1.0)


def loss(params, source_BxJ, target_BxT):
  """The sum of -log p(y) over the real target tokens, and the sums that the meter reads."""
  real = target_BxT != PAD
  t = features(params, source_BxJ, target_BxT)
  readout = params["decoder"]["readout"]
  W_o, b_o, y_N = readout["W_o"], readout["b_o"], target_BxT.reshape(-1)
  total, nll, correct = cross_entropy(
    times, 0.0, t.reshape(-1, t.shape[-1]), W_o, b_o, y_N, real.reshape(-1)
  )
  return total, {"loss": total, "nll": nll.sum(), "correct": correct, "tokens": real.sum()}


def features(params, source_BxJ, target_BxT):
  """t_BxTxl of RNNsearch, for the product with W_o."""
  encoder, decoder = params["encoder"], params["decoder"]
  attention, readout = decoder["attention"], decoder["readout"]
  real = source_BxJ != PAD
  x = encoder["E_x"][source_BxJ].swapaxes(0, 1)
  forward, _ = recurrence(encoder["forward"], x, real, reverse=False)
  backward, first = recurrence(encoder["backward"], x, real, reverse=True)
  h = jnp.concatenate([forward, backward], axis=-1).swapaxes(0, 1)

  keys = affine(times, h, attention["U_a"], attention["b_a"])
  s_0 = jnp.tanh(affine(times, first, decoder["W_s"], decoder["b_s"]))
  cell = decoder["cell"]
  previous = jnp.pad(target_BxT[:, :-1], ((0, 0), (1, 0)), constant_values=BOS)
  words = decoder["E_y"][previous].swapaxes(0, 1)

  def step(constants, s, x):
    W_a, values, U, keys, v_a, real = constants
    alpha = normalise(match(keys, times("bn,na->ba", s, W_a), v_a), real)
    after = gru(U, s, x + times("bj,bjd->bd", alpha, values))
    return after, (s, alpha)

  values, U = affine(times, h, decoder["C"]), (cell["U_zr"], cell["U"])
  constants = attention["W_a"], values, U, keys, attention["v_a"], real
  inputs = affine(times, words, cell["W"], cell["b"])
  _, (s, alpha) = late.scan(step, constants, s_0, inputs)
  values = affine(times, h, readout["C_o"])
  c = times("btj,bjd->btd", alpha.swapaxes(0, 1), values).swapaxes(0, 1)
  pair = affine(times, s, readout["U_o"]) + affine(times, words, readout["V_o"], readout["b_t"]) + c
  one, other = jnp.split(pair, 2, axis=-1)
  return jnp.where(one >= other, one, other).swapaxes(0, 1)


def recurrence(cell, x_JxBxM, real_BxJ, reverse):
  """All states of a direction, and its last one."""
  inputs = affine(times, x_JxBxM, cell["W"], cell["b"]), real_BxJ.T[:, :, None]

  def step(U, h, inputs):
    x, real = inputs
    h = jnp.where(real, gru(U, h, x), h)
    return h, h

  h_0 = jnp.zeros((x_JxBxM.shape[1], cell["U"].shape[0]))
  last, h = late.scan(step, (cell["U_zr"], cell["U"]), h_0, inputs, reverse)
  return h, last


def gru(matrices, s_BxN, x_Bx3N):
  """The next state, from U_zr and U."""
  (U_zr, U), n = matrices, s_BxN.shape[1]
  gates, kept = reset(x_Bx3N[:, : 2 * n] + times("bn,nm->bm", s_BxN, U_zr), s_BxN)
  return blend(gates, s_BxN, x_Bx3N[:, 2 * n :] + times("bn,nm->bm", kept, U))
