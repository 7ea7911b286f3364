"""Given translations under the model: log-probability of each token, and alpha, in any batch."""

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np

from nmt.data.ids import EOS, PAD

MAX_TOKENS = 2000  # of a side; a longer pair is not forced
_POSITIONS = 2048  # rows x target positions of a batch: their logits are in memory together


class Forced(NamedTuple):
  """One pair: natural log-probabilities (T + 1,) and alpha (T + 1, J + 1), end of sentence last."""

  log_probs_T: np.ndarray
  alpha_TxJ: np.ndarray | None


class Forcing(Protocol):
  """What is needed of a run: parameters, and the teacher-forced model as a plain function.

  `force(params, source_BxJ, target_BxT) -> (log_probs_BxT, alpha_BxTxJ)`.
  """

  @property
  def params(self) -> Any: ...

  @property
  def force(self) -> Callable[..., tuple[jax.Array, jax.Array]]: ...


def force(
  run: Forcing,
  pairs: Iterable[tuple[Sequence[int], Sequence[int]]],
  alignments: bool = True,
  batch: int = 64,
) -> Iterator[Forced | None]:
  """Forces each pair of (source ids, target ids), without BOS or EOS, through the model, in order.

  Pairs are taken in windows, batched by the longer side's padded length and padded with empty
  rows, so that memory stays flat and few programs compile (3 up to 63 tokens, 8 in all); a pair's
  result does not depend on its neighbours. Without `alignments`, alpha is None and never leaves the
  device. A pair with a side of more than `MAX_TOKENS` gives None. `run.force` should be the same
  function from call to call, since compiled programs are kept by it.
  """
  compiled = _compiled(run.force, alignments)
  for window in _windows(pairs, 16 * batch):
    results: list[Forced | None] = [None] * len(window)
    by_length: dict[int, list[int]] = {}
    for index, (source, target) in enumerate(window):
      if max(len(source), len(target)) > MAX_TOKENS:
        continue
      length = bucket(max(len(source), len(target)) + 1)
      by_length.setdefault(length, []).append(index)
    for length, members in sorted(by_length.items()):
      rows = max(1, min(batch, _POSITIONS // length))
      for chunk in _windows(members, rows):
        source_BxJ = np.full((rows, length), PAD, np.int32)
        source_BxJ[:, 0] = EOS
        target_BxT = np.full((rows, length), PAD, np.int32)
        for row, index in enumerate(chunk):
          source, target = window[index]
          source_BxJ[row, : len(source) + 1] = [*source, EOS]
          target_BxT[row, : len(target) + 1] = [*target, EOS]
        log_probs_BxT, alpha_BxTxJ = jax.device_get(compiled(run.params, source_BxJ, target_BxT))
        for row, index in enumerate(chunk):
          source, target = window[index]
          alpha = None
          if alignments:
            alpha = np.array(alpha_BxTxJ[row, : len(target) + 1, : len(source) + 1])
          results[index] = Forced(np.array(log_probs_BxT[row, : len(target) + 1]), alpha)
    yield from results


def bucket(length: int) -> int:
  """The padded length: 16, 32, 64, ...: few programs matter more here than some padding."""
  return 1 << max(4, (length - 1).bit_length())


@functools.lru_cache(maxsize=4)
def _compiled(function: Callable[..., tuple[jax.Array, jax.Array]], alignments: bool):
  def forced(params, source_BxJ, target_BxT):
    log_probs_BxT, alpha_BxTxJ = function(params, source_BxJ, target_BxT)
    return log_probs_BxT, alpha_BxTxJ if alignments else None

  return jax.jit(forced)


def _windows(items: Iterable, size: int) -> Iterator[list]:
  iterator = iter(items)
  while window := list(itertools.islice(iterator, size)):
    yield window
