"""Gates are found in any cell, and counted as they are."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import base
from nmt import loading, models
from nmt.analysis.gates import Saturation, noting, saturation
from nmt.data.words import Words
from nmt.launching.flags import override_by

SIDE = Words("en", ["a", "cat", "dog", "sees", "the", "and", "he", "."])  # and four special ones
PAIRS = [([4, 5, 6], [7, 8]), ([4], [9, 9, 9, 9])]


def config(**kinds):
  sizes = ("model.size", "model.embedding", "model.readout.size", "model.attention.size")
  keys = {f"model.{name}.kind": kind for name, kind in kinds.items()}
  return override_by(base.get_config(), dict.fromkeys(sizes, 6) | keys)


def run(config, bias=0.0, gates=None):
  """A drawn model; `gates` sums of its decoder's cell have that bias."""
  params = models.init(config.model, SIDE.size, SIDE.size, 1)
  if gates:
    cell = params["decoder"]["cell"]
    cell["b"] = cell["b"].at[: gates * config.model.size].set(bias)
  return loading.of(config, SIDE, SIDE, params)


@pytest.mark.parametrize(("kind", "gates"), [("gru", 2), ("lstm", 3)])
def test_biases_open_and_shut_gates(kind, gates):
  for bias, expected in ((100, Saturation(0, 1)), (-100, Saturation(1, 0)), (0, Saturation(0, 0))):
    assert saturation(run(config(cell=kind), bias, gates), PAIRS) == expected


def test_a_cell_without_gates_has_none():
  assert saturation(run(config(cell="tanh")), PAIRS) is None


def test_all_pairs_count_by_their_tokens():
  made = config()
  bias = np.random.default_rng(0).normal(0, 3, 12).astype(np.float32)
  one = run(made, jnp.asarray(bias), 2)
  alone = [saturation(one, [pair]) for pair in PAIRS]
  lengths = [len(target) + 1 for _, target in PAIRS]
  both = saturation(one, PAIRS)
  for name in ("shut", "open"):
    mean = np.average([getattr(found, name) for found in alone], weights=lengths)
    assert 0 < getattr(both, name) == pytest.approx(mean)


@pytest.mark.parametrize(("order", "cells"), [("attend_first", 1), ("conditional", 2)])
def test_what_is_noted_of_the_papers_unit_are_its_gates(order, cells):
  made = config(order=order, attention="monotonic")  # which has logistic functions of its own
  params = models.init(made.model, SIDE.size, SIDE.size, 2)
  module = models.rebuild(made.model, SIDE.size, SIDE.size, params)
  memory, state = jax.jit(module.encode)(jnp.asarray([[4, 5, 0]], jnp.int32))
  y = jnp.asarray([7], jnp.int32)
  (after, _), gates = jax.jit(functools.partial(noting, module.step))(memory, state, y)
  expected = jax.jit(module.step)(memory, state, y)[0]
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), after, expected)
  assert [gate.shape for gate in gates] == [(1, 12)] * cells
  if cells == 2:  # the first sees the word alone: x = W E y + b
    cell = jax.tree.map(np.float64, params["decoder"]["cell"])
    x = np.float64(params["decoder"]["E_y"][7]) @ cell["W"] + cell["b"]
    sums = x[:12] + np.float64(state["cell"][0]) @ cell["U_zr"]
    np.testing.assert_allclose(gates[0][0], 1 / (1 + np.exp(-sums)), rtol=1e-5)
