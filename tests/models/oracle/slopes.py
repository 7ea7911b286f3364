"""Slopes by finite differences, beside which gradients are held."""

import jax
import numpy as np


def check_slopes(loss, params, gradients, step, tolerance):
  """Asserts that gradients are loss's slopes, along one direction in each parameter."""
  random, leaves = np.random.default_rng(1), jax.tree.leaves_with_path(params)
  by_path = dict(jax.tree.leaves_with_path(gradients))
  for path, leaf in leaves:
    direction = random.standard_normal(leaf.shape)
    ends = []
    for sign in (1, -1):
      moved = [value + sign * step * direction if value is leaf else value for _, value in leaves]
      ends.append(loss(jax.tree.unflatten(jax.tree.structure(params), moved)))
    expected = (ends[0] - ends[1]) / (2 * step)
    found = (np.asarray(by_path[path]) * direction).sum()
    assert abs(found - expected) < tolerance * max(1, abs(expected)), path
