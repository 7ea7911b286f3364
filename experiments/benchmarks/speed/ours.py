"""The project itself as a system: its step, its batches, its translator."""

import time
from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.benchmarks.speed import workloads
from experiments.benchmarks.speed.sizes import config
from nmt import loading, models
from nmt.data.batches import Batch, Batches
from nmt.data.ids import EOS
from nmt.data.units import Bytes
from nmt.decoding.translator import Translator
from nmt.training import sharding, step
from nmt.training.meter import Meter
from nmt.training.objectives.base import Rows

_PEAK = 2048  # rows and columns of the matrices whose product gives the peak


class System:
  """nmt: `prepare` builds and compiles for a task, `run` does a round and counts it."""

  def prepare(self, task: workloads.Task, rounds: int) -> dict[str, Any]:
    """Compiles every shape of the rounds; returns the seconds each took."""
    self.task = task
    self.config = config(task.size)
    if isinstance(task, workloads.Search):
      return self._prepare_search(task, rounds)
    V = task.size.vocabulary
    self.mesh = sharding.build(self.config.mesh)
    self.program = self.build(V)
    if isinstance(task, workloads.Realistic):
      self.own = Batches(task.store, self.config.batch, self.config.seed)
    temporary = self._temporary(task) if isinstance(task, workloads.Long) else {}
    self.state = self.program.create()
    by_shape = {}
    for number in range(rounds):
      for batch in self._batches(number):
        shape = "x".join(map(str, (*batch.source_BxJ.shape, batch.target_BxT.shape[1])))
        if shape not in by_shape:
          first, second = self._timed([batch]), self._timed([batch])
          by_shape[shape] = first - second
    return {"compile_seconds": by_shape, **temporary}

  def build(self, V: int) -> Any:
    """The program that trains."""
    return step.build(self.config, V, V, self.mesh)

  def run(self, number: int) -> dict[str, int]:
    """One round: all updates, or all translations; returns real tokens, sentences, positions."""
    if isinstance(self.task, workloads.Search):
      return self._search(number)
    return self._train(self._batches(number))

  def peak(self) -> float:
    """GFLOP/s of a large float32 product: what the machine gives at this moment."""
    if not hasattr(self, "_product"):
      self._product = jax.jit(jnp.matmul), jnp.ones((_PEAK, _PEAK), jnp.float32)
    product, a = self._product
    jax.block_until_ready(product(a, a))
    seconds = []
    for _ in range(4):
      began = time.perf_counter()
      jax.block_until_ready(product(a, a))
      seconds.append(time.perf_counter() - began)
    return 2 * _PEAK**3 / min(seconds) / 1e9

  def _batches(self, number: int) -> list[Batch]:
    if isinstance(self.task, workloads.Fixed | workloads.Long):
      return [Batch(*rows, _numbers(rows)) for rows in self.task.batches(number)]
    assert isinstance(self.task, workloads.Realistic)
    window, part = divmod(number, self.task.size.parts)
    length = self.config.batch.window
    window %= len(self.task.windows)
    batches = [self.own.at(window * length + k) for k in range(length)]
    batches.sort(key=lambda batch: batch.source_BxJ.size + batch.target_BxT.size)
    return batches[part :: self.task.size.parts]  # each part has short and long ones

  def _train(self, batches: list[Batch]) -> dict[str, int]:
    meter = Meter({})
    for number, batch in enumerate(batches):
      rows = Rows(
        sharding.place(self.mesh, batch.source_BxJ),
        sharding.place(self.mesh, batch.target_BxT),
      )
      self.state, results = self.program.update(self.state, [rows], 1.0)
      meter.add(number, [batch], results)
    meter.settle()
    keys = ("source_tokens", "target_tokens", "sentences", "positions")
    return {key: int(meter.sums[key]) for key in keys}

  def _timed(self, batches: list[Batch]) -> float:
    began = time.perf_counter()
    self._train(batches)
    return time.perf_counter() - began

  def _temporary(self, task: workloads.Long) -> dict[str, float]:
    sides: Any = (jax.ShapeDtypeStruct(side.shape, jnp.int32) for side in task.batches(0)[0])
    rows = Rows(*sides)
    compiled: Any = self.program.trace(rows).lower().compile()
    memory = compiled.memory_analysis()
    return {
      "temporary_mb": memory.temp_size_in_bytes / 2**20,
      "arguments_mb": memory.argument_size_in_bytes / 2**20,
    }

  def _prepare_search(self, task: workloads.Search, rounds: int) -> dict[str, Any]:
    V = task.size.vocabulary
    self.config.decode.update(beam=task.beam, batch=task.rows)
    params: Any = models.init(self.config.model, V, V, self.config.seed)
    b_o = params["decoder"]["readout"]["b_o"]
    params["decoder"]["readout"]["b_o"] = b_o.at[EOS].set(-1e4)
    side = Ids(V)
    self.translator = _AsLong(loading.of(self.config, side, side, params))
    began = time.perf_counter()
    self.run(0)
    first = time.perf_counter() - began
    for number in range(1, rounds):  # any length that only a later round has
      self.run(number)
    began = time.perf_counter()
    self.run(0)
    return {"compile_seconds": {"all lengths": first - (time.perf_counter() - began)}}

  def _search(self, number: int) -> dict[str, int]:
    assert isinstance(self.task, workloads.Search)
    sources = self.task.sources(number)
    found = list(self.translator.translate_ids([ids[:-1].tolist() for ids in sources]))
    return {
      "source_tokens": sum(map(len, sources)),
      "target_tokens": sum(len(one.ids) for one in found),
      "sentences": len(found),
    }


class _AsLong(Translator):
  """Outputs as long as their sources."""

  def longest(self, length: int) -> int:
    return length


class Ids(Bytes):
  """A tokenizer of any size whose text is never looked at: only ids go in and come out."""

  def __init__(self, size: int):
    self.size = size

  def decode(self, ids: Iterable[int]) -> str:
    return ""


def _numbers(rows: workloads.Rows) -> np.ndarray:
  return np.arange(len(rows.source_BxJ), dtype=np.int32)
