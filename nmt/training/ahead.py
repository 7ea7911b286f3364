"""Compiles the programs of the shapes to come while the first updates run."""

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import jax

from nmt.data.batches import Batches
from nmt.data.shapes import Shape
from nmt.training.session import Session


def threads() -> int:
  """How many to spare for it; none on two cores, which one compilation keeps busy.

  None either where there are several processes: only process 0 writes to that cache.
  """
  if jax.process_count() > 1:
    return 0
  return max(0, (len(os.sched_getaffinity(0)) - 2) // 2)


@contextmanager
def compiling(session: Session, threads: int) -> Iterator[list[Future[None]]]:
  """Compiles, in threads, the updates of all shapes to come, in the order of their use.

  The programs reach the updates through JAX's cache on disk. Nothing is done where an update is
  made of several batches. At the end of the block, what has not begun is left.
  """
  program = session.program

  def compile_(shape: Shape) -> None:
    program.trace(session.abstract(shape)).lower().compile()

  if not threads or session.config.train.accumulate > 1:
    yield []
    return
  pool = ThreadPoolExecutor(threads, thread_name_prefix="compile")
  try:
    shapes = coming(session.batches, session.progress.batches)
    yield [pool.submit(compile_, shape) for shape in shapes[1:]]
  finally:
    pool.shutdown(cancel_futures=True)


def coming(batches: Batches, position: int) -> list[Shape]:
  """The shapes of an epoch's batches from a position on, by their first use."""
  positions = range(position, position + batches.epoch_size())
  return list(dict.fromkeys(batches.shape(number) for number in positions))
