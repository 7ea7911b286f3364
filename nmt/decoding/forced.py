"""Given translations under the model: log-probability of each token, and alpha, in any batch."""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import jax
import numpy as np
from jaxtyping import Array, Float, Int

from nmt.data import padding
from nmt.data.ids import EOS
from nmt.decoding.limits import MAX_FORCED
from nmt.decoding.trained import Run

Result = TypeVar("Result")

_POSITIONS = 2048  # rows x target positions of a batch: their logits are in memory together


class Forced(NamedTuple):
  """One pair: natural log-probabilities (T + 1,) and alpha (T + 1, J + 1), end of sentence last."""

  log_probs_T: Float[np.ndarray, "T"]
  alpha_TxJ: Float[np.ndarray, "T J"] | None


def force(
  run: Run,
  pairs: Iterable[tuple[Sequence[int], Sequence[int]]],
  alignments: bool = True,
  batch: int = 64,
) -> Iterator[Forced | None]:
  """Forces each pair of (source ids, target ids), without BOS or EOS, through the model, in order.

  A pair's result does not depend on its neighbours. Without `alignments`, alpha is None and never
  leaves the device. A pair with a side of more than `MAX_FORCED` tokens gives None.
  """
  compiled = _compiled(run.force, alignments)

  def cut(row: Any, J: int, T: int) -> Forced:
    log_probs_T, alpha_TxJ = row
    alpha = np.array(alpha_TxJ[:T, :J]) if alignments else None
    return Forced(np.array(log_probs_T[:T]), alpha)

  return each(pairs, functools.partial(compiled, run.params), cut, batch)


def each(
  pairs: Iterable[tuple[Sequence[int], Sequence[int]]],
  function: Callable[[Int[np.ndarray, "B J"], Int[np.ndarray, "B T"]], Any],
  cut: Callable[[Any, int, int], Result],
  batch: int = 64,
) -> Iterator[Result | None]:
  """What a function of (source_BxJ, target_BxT), EOS at the end of both, gives of each pair.

  Pairs are taken in windows, batched by the longer side's padded length and padded with empty
  rows, so that memory stays flat and few programs compile (3 up to 63 tokens, 8 in all).

  Args:
    pairs: (source ids, target ids), without BOS or EOS.
    function: compiled; gives a tree of arrays with B first.
    cut: makes of a pair's row of that tree, J and T what is given out, and copies what it keeps.
    batch: most pairs at a time.
  """

  def rows(length: int) -> int:
    return max(1, min(batch, _POSITIONS // length))

  for window in padding.chunks(pairs, 16 * batch):
    ended = [([*source, EOS], [*target, EOS]) for source, target in window]
    results: list[Result | None] = [None] * len(window)
    longer = [max(map(len, pair)) for pair in ended]
    fitting = [(index, length) for index, length in enumerate(longer) if length <= MAX_FORCED + 1]
    for length, members in padding.bucketed(fitting, rows):
      B = rows(length)
      source_BxJ = padding.sources([ended[index][0] for index in members], B, length)
      target_BxT = padding.targets([ended[index][1] for index in members], B, length)
      found = jax.device_get(function(source_BxJ, target_BxT))
      for row, index in enumerate(members):
        own = jax.tree.map(lambda x, row=row: x[row], found)
        results[index] = cut(own, *map(len, ended[index]))
    yield from results


@functools.lru_cache(maxsize=4)
def _compiled(function: Callable[..., Any], alignments: bool) -> Callable[..., Any]:
  def forced(
    params: Any, source_BxJ: Int[Array, "B J"], target_BxT: Int[Array, "B T"]
  ) -> tuple[Float[Array, "B T"], Float[Array, "B T J"] | None]:
    log_probs_BxT, alpha_BxTxJ = function(params, source_BxJ, target_BxT)
    return log_probs_BxT, alpha_BxTxJ if alignments else None

  return jax.jit(forced)
