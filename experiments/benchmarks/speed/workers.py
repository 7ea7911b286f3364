"""Each system in a process of its own, that does one round when told to.

So rounds of several systems interleave, and no idle pool of threads is in another's way. Wall and
CPU seconds and the peak memory are measured inside the process.
"""

import importlib
import multiprocessing
import signal
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, Protocol

from experiments.benchmarks.input_memory import memory
from nmt.errors import UserError

SYSTEMS = {
  "nmt": "experiments.benchmarks.speed.ours",
  "pure": "experiments.benchmarks.speed.pure",
  "torch": "experiments.benchmarks.speed.peers.torch_system",
  "joeynmt": "experiments.benchmarks.speed.peers.joeynmt_system",
}


class Told(Protocol):
  """What rounds are asked of: a worker, or something in its place."""

  def prepare(self, task: Any, rounds: int) -> dict[str, Any]: ...

  def run(self, number: int) -> dict[str, Any]: ...

  def peak(self) -> float: ...


class Worker:
  """A system in its process."""

  def __init__(self, name: str):
    self.name = name
    context = multiprocessing.get_context("spawn")
    self._pipe, theirs = context.Pipe()
    self._process = context.Process(target=_serve, args=(theirs, SYSTEMS[name]), daemon=True)
    self._process.start()
    theirs.close()

  def prepare(self, task: Any, rounds: int) -> dict[str, Any]:
    """Builds, compiles and warms up; returns what there is to know of it."""
    return self._ask("prepare", task, rounds)

  def run(self, number: int) -> dict[str, Any]:
    """A round's counts, `wall` and `cpu` seconds, and the `resident_mb` so far."""
    return self._ask("run", number)

  def peak(self) -> float:
    """GFLOP/s of a large product; only nmt is asked."""
    return self._ask("peak")

  def close(self) -> None:
    """Ends the process."""
    self._pipe.close()
    self._process.terminate()
    self._process.join()

  def _ask(self, name: str, *arguments: Any) -> Any:
    try:
      self._pipe.send((name, arguments))
      kind, value = self._pipe.recv()
    except (EOFError, BrokenPipeError):
      self._process.join()
      raise UserError(f"{self.name}: its process ended ({self._process.exitcode})") from None
    if kind == "error":
      raise UserError(f"{self.name}: {value}")
    return value


@contextmanager
def started(names: Sequence[str]) -> Iterator[dict[str, Worker]]:
  """A worker for each name; they end with the block, however it ends."""
  workers: dict[str, Worker] = {}
  try:
    for name in names:
      workers[name] = Worker(name)
    yield workers
  finally:
    for worker in workers.values():
      worker.close()


def _serve(pipe: Connection, module: str) -> None:
  signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
  try:
    system = importlib.import_module(module).System()
    before = memory()["resident"]
    while True:
      name, arguments = pipe.recv()
      began = time.perf_counter(), time.process_time()
      value = getattr(system, name)(*arguments)
      spent = time.perf_counter() - began[0], time.process_time() - began[1]
      if name == "run":
        value |= {"wall": spent[0], "cpu": spent[1], "resident_mb": memory()["peak"]}
      elif name == "prepare":
        value |= {"prepare_seconds": spent[0], "imported_mb": before}
      pipe.send(("value", value))
  except EOFError:
    pass  # the parent is gone
  except ModuleNotFoundError as e:
    pipe.send(("error", f"{e.name} is not installed; pip install -e '.[peers]', see setup.py"))
  except UserError as e:
    pipe.send(("error", str(e)))
  except BaseException:
    traceback.print_exc()
    pipe.send(("error", "failed, see above"))
