"""What a run's model computes on given pairs, each position once, without padding."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from nmt import models
from nmt.decoding.forced import each
from nmt.decoding.trained import Run
from nmt.models.activations import activations


class Positions(NamedTuple):
  """Annotations of all source tokens, and states and contexts of all target tokens, ends included.

  In the order of the pairs; pairs that are too long to be forced are left out.
  """

  h_NxD: np.ndarray
  s_MxN: np.ndarray
  c_MxG: np.ndarray


def positions(run: Run, ids: Sequence[tuple[Sequence[int], Sequence[int]]]) -> Positions:
  """The activations of a run on (source ids, target ids), without ends."""
  model, sizes = run.config.model, (run.source.size, run.target.size)

  @jax.jit
  def compute(params: Any, source_BxJ: jax.Array, target_BxT: jax.Array) -> Any:
    return activations(models.rebuild(model, *sizes, params), source_BxJ, target_BxT)[:3]

  def cut(row: Any, J: int, T: int) -> list[np.ndarray]:
    return [np.array(x[:length]) for x, length in zip(row, (J, T, T), strict=True)]

  found = each(ids, lambda *batch: compute(run.params, *batch), cut)
  kept = [one for one in found if one is not None]
  return Positions(*(np.concatenate(side) for side in zip(*kept, strict=True)))
