"""Work on chunks in several processes, with a progress bar, in order and in little memory."""

import collections
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

CHUNK = 4_000  # pairs that a process takes at a time
PAYS = 40_000  # pairs a process must have before starting it (some seconds of imports) pays

Result = TypeVar("Result")
Item = TypeVar("Item")


def workers(pairs: int) -> int:
  """How many processes to use for so many pairs; 1 means none beside this one."""
  return max(1, min(len(os.sched_getaffinity(0)), pairs // PAYS))


def chunked(
  work: Callable[[Sequence[int]], Result],
  indices: Sequence[int],
  title: str,
  processes: int | None = None,
) -> Iterator[Result]:
  """Yields work(chunk) for consecutive chunks of `indices`, in order.

  `work` must be picklable when several processes are used.
  """
  chunks = [indices[start : start + CHUNK] for start in range(0, len(indices), CHUNK)]
  results = _results(work, chunks, processes or workers(len(indices)))
  with _progress() as progress:
    task = progress.add_task(title, total=len(indices))
    for chunk, result in zip(chunks, results, strict=True):
      progress.advance(task, len(chunk))
      yield result


def shown(items: Iterable[Item], count: int, title: str) -> Iterator[Item]:
  """Yields `count` items, with a progress bar."""
  with _progress() as progress:
    task = progress.add_task(title, total=count)
    for done, item in enumerate(items, 1):
      if done % 1000 == 0:
        progress.update(task, completed=done)
      yield item


def _progress() -> Progress:
  console = Console(stderr=True)
  return Progress(
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeRemainingColumn(),
    console=console,
    transient=True,
    disable=not console.is_terminal,
  )


def _results(
  work: Callable[[Sequence[int]], Result], chunks: list, processes: int
) -> Iterator[Result]:
  if processes == 1:
    yield from map(work, chunks)
    return
  # Spawned, not forked: this process may hold JAX's threads.
  context = multiprocessing.get_context("spawn")
  with ProcessPoolExecutor(processes, mp_context=context) as pool:
    waiting: collections.deque = collections.deque()
    for chunk in chunks:
      waiting.append(pool.submit(work, chunk))
      if len(waiting) > 2 * processes:
        yield waiting.popleft().result()
    while waiting:
      yield waiting.popleft().result()
