"""Work on chunks in several processes, with a progress bar, in order and in little memory."""

import collections
import multiprocessing
import os
import sys
import types
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import TypeVar

import numpy as np

from nmt import progress_bar

CHUNK = 2_500  # pairs that a process takes at a time
PAYS = 15_000  # pairs that a process must have: it takes seconds to start

Indices = range | np.ndarray  # of pairs in a corpus
Result = TypeVar("Result")


def workers(pairs: int) -> int:
  """How many processes to use for so many pairs; 1 means none beside this one."""
  return max(1, min(len(os.sched_getaffinity(0)), pairs // PAYS))


class Pool:
  """Processes that are started when first used, and ended with the `with` block."""

  def __init__(self) -> None:
    self._executor: ProcessPoolExecutor | None = None

  def __enter__(self) -> "Pool":
    return self

  def __exit__(self, *error: object) -> None:
    if self._executor:
      self._executor.shutdown(cancel_futures=True)

  def chunked(
    self, work: Callable[[Indices], Result], indices: Indices, title: str
  ) -> Iterator[Result]:
    """Yields work(chunk) for consecutive chunks of `indices`, in order; `work` can be pickled."""
    chunks = [indices[start : start + CHUNK] for start in range(0, len(indices), CHUNK)]
    processes = workers(len(indices))
    results = map(work, chunks) if processes == 1 else self._spread(work, chunks, processes)
    with progress_bar.bar() as progress:
      task = progress.add_task(title, total=len(indices))
      for chunk, result in zip(chunks, results, strict=True):
        progress.advance(task, len(chunk))
        yield result

  def _spread(
    self, work: Callable[[Indices], Result], chunks: list[Indices], processes: int
  ) -> Iterator[Result]:
    waiting: collections.deque[Future[Result]] = collections.deque()
    for chunk in chunks:
      waiting.append(self._submit(work, chunk, processes))
      if len(waiting) > 2 * processes:
        yield waiting.popleft().result()
    while waiting:
      yield waiting.popleft().result()

  def _submit(
    self, work: Callable[[Indices], Result], chunk: Indices, processes: int
  ) -> Future[Result]:
    if self._executor:
      return self._executor.submit(work, chunk)
    # Spawned, not forked: this process may hold JAX's threads. The first task starts all processes;
    # while they start, the main program is hidden, which each would import (and JAX with it).
    context = multiprocessing.get_context("spawn")
    self._executor = ProcessPoolExecutor(processes, mp_context=context)
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
      return self._executor.submit(work, chunk)
    finally:
      sys.modules["__main__"] = main
