"""What experiments/benchmarks/speed_gpu.py measures, each in a process of its own.

  python -m experiments.benchmarks.speed.accelerator TASK    # as JSON

The last line of stdout is the result, as JSON.
"""

import functools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from experiments.benchmarks.lines import short, spread
from experiments.benchmarks.speed import flops
from experiments.benchmarks.speed.sentences import Sentences, drawn
from experiments.benchmarks.speed.sizes import SIZES, Size
from experiments.benchmarks.speed.sizes import config as configured
from nmt import models
from nmt.data.batches import Batches
from nmt.data.ids import EOS, UNK
from nmt.profiling.trace import costs
from nmt.training import sharding, step
from nmt.training.objectives.base import Rows, likelihood

# Name -> the config's precision of products, and JAX's for products of float32.
PRECISIONS = {
  "float32": ("float32", "highest"),
  "tf32": ("float32", "tensorfloat32"),
  "bfloat16": ("bfloat16", "highest"),
}
_PEAK = 8192  # rows and columns of the matrices whose product gives the peak
_TRACED = 10  # updates


class Bench:
  """A model of a size in a precision, and its compiled step."""

  def __init__(self, size: Size, precision: str, batch: int = 0):
    products, of_float32 = PRECISIONS[precision]
    jax.config.update("jax_default_matmul_precision", of_float32)
    self.size, self.config = size, configured(size)
    self.config.model.precision = products
    self.config.batch.size = batch or size.batch
    V = size.vocabulary
    self.mesh = sharding.build(self.config.mesh)
    self.program = step.build(self.config, V, V, self.mesh)
    self.state = self.program.create()
    self.results: list[dict[str, jax.Array]] = []

  def fixed(self, length: int, seed: int = 2) -> Rows:
    """A batch without padding."""
    shape = (2, self.config.batch.size, length)
    ids = np.random.default_rng(seed).integers(UNK + 1, self.size.vocabulary, shape, np.int32)
    ids[..., -1] = EOS
    return self.place(*ids)

  def place(self, source_BxJ: np.ndarray, target_BxT: np.ndarray) -> Rows:
    """A batch on the device."""
    sides = (sharding.place(self.mesh, side) for side in (source_BxJ, target_BxT))
    return Rows(*sides)

  def update(self, rows: Rows) -> None:
    """Starts an update."""
    self.state, results = self.program.update(self.state, [rows], 1.0)
    self.results.append(results)

  def wait(self) -> list[float]:
    """Waits for all updates; their losses a token."""
    found = jax.device_get(self.results)
    self.results = []
    return [float(one["loss"] / one["tokens"]) for one in found]


def check(size: Size, task: dict[str, Any]) -> dict[str, Any]:
  """Gradients of each precision beside those of float32: the relative error of each array."""
  gradients = {}
  for name, (products, of_float32) in PRECISIONS.items():
    config: ConfigDict = configured(size)
    config.model.precision = products
    V = size.vocabulary
    params = models.init(config.model, V, V, seed=1)
    ids = jnp.asarray(
      np.random.default_rng(1).integers(UNK + 1, V, (2, 16, task["length"]), np.int32)
    )

    def loss(params: Any, config: ConfigDict = config, V: int = V, ids: Any = ids) -> jax.Array:
      model = models.rebuild(config.model, V, V, params)
      return likelihood(model, model.features(*ids), ids[1])[0]

    with jax.default_matmul_precision(of_float32):
      gradients[name] = models.flat(jax.device_get(jax.jit(jax.grad(loss))(params)))

  def errors(name: str) -> dict[str, float]:
    return {
      key: float(np.linalg.norm(gradients[name][key] - exact) / np.linalg.norm(exact))
      for key, exact in gradients["float32"].items()
    }

  return {
    name: {"worst": max(errors(name).values()), "of": errors(name)}
    for name in PRECISIONS
    if name != "float32"
  }


def peak(size: Size, task: dict[str, Any]) -> dict[str, Any]:
  """TFLOP/s of a large product in each precision."""
  found = {}
  for name, (products, of_float32) in PRECISIONS.items():
    a = jnp.ones((task.get("rows", _PEAK),) * 2, products)
    with jax.default_matmul_precision(of_float32):
      product = jax.jit(lambda a: jnp.matmul(a, a))
      jax.block_until_ready(product(a))
      seconds = _seconds(functools.partial(_wait, product, a), 5)
    found[name] = 2 * a.shape[0] ** 3 / min(seconds) / 1e12
  return found


def fixed(size: Size, task: dict[str, Any]) -> dict[str, Any]:
  """Updates on batches of one shape: seconds of each round, compile time, memory."""
  bench = Bench(size, task["precision"], task["batch"])
  rows = bench.fixed(task["length"])
  began = time.perf_counter()
  compiled: Any = bench.program.trace(rows).lower().compile()
  compile_seconds = time.perf_counter() - began

  def round_() -> None:
    for _ in range(task["updates"]):
      bench.update(rows)
    bench.wait()

  round_()
  seconds = [one / task["updates"] for one in _seconds(round_, task["rounds"])]
  tokens = bench.config.batch.size * task["length"]
  return _figures(size, seconds, tokens, tokens, bench.config.batch.size, task["length"]) | {
    "compile_seconds": compile_seconds,
    "temporary_mb": compiled.memory_analysis().temp_size_in_bytes / 2**20,
    "resident_mb": _device_memory(),
  }


def bucketed(size: Size, task: dict[str, Any]) -> dict[str, Any]:
  """Updates on sentences of realistic lengths, up to 50 tokens, in the project's own batches."""
  bench = Bench(size, task["precision"], task["batch"])
  batches = _batches(bench, size)
  window = [batches.at(i) for i in range(task["updates"])]
  rows = [bench.place(batch.source_BxJ, batch.target_BxT) for batch in window]
  shapes = {batch.source_BxJ.shape + batch.target_BxT.shape for batch in window}
  for one in rows:
    bench.update(one)
  bench.wait()

  def round_() -> None:
    for one in rows:
      bench.update(one)
    bench.wait()

  seconds = [one / len(rows) for one in _seconds(round_, task["rounds"])]
  source = sum(int((batch.source_BxJ != 0).sum()) for batch in window) / len(window)
  target = sum(int((batch.target_BxT != 0).sum()) for batch in window) / len(window)
  B = bench.config.batch.size
  return _figures(size, seconds, source, target, B, target / B) | {
    "shapes": len(shapes),
    "padded_share": batches.padding().share,
    "source_tokens": source,
    "target_tokens": target,
  }


def profile(size: Size, task: dict[str, Any]) -> dict[str, Any]:
  """The most costly operations of some updates, ten if not told, and the kernels launched."""
  bench = Bench(size, task["precision"], task["batch"])
  rows = bench.fixed(task["length"])
  for _ in range(3):
    bench.update(rows)
  bench.wait()
  with tempfile.TemporaryDirectory() as folder:
    began = time.perf_counter()
    with jax.profiler.trace(folder):
      for _ in range(_TRACED):
        bench.update(rows)
      bench.wait()
    seconds = time.perf_counter() - began
    path = next(Path(folder).rglob("*.xplane.pb"))
    found = costs(path)
    calls = _calls(path)
  dearest = sorted(found.seconds.items(), key=lambda item: -item[1])[: task.get("operations", 10)]
  return {
    "seconds": seconds,
    "busy_share": found.busy / seconds,
    "operations": [
      {"name": name, "share": own / seconds, "count": found.counts[name] / _TRACED}
      for name, own in dearest
    ],
    "calls_an_update": {name: count / _TRACED for name, count in calls.items()},
  }


def long(size: Size, task: dict[str, Any]) -> dict[str, Any]:
  """Many updates on text that can be learned: their time, and the loss, a mean of each hundred.

  Words of a target are those of its source under a fixed permutation, drawn by Zipf's law.
  """
  bench = Bench(size, task["precision"], task["batch"])
  bench.config.train.optimizer.learning_rate = 1.0  # the paper's
  bench.program = step.build(bench.config, size.vocabulary, size.vocabulary, bench.mesh)
  random = np.random.default_rng(5)
  words = np.arange(UNK + 1, size.vocabulary)
  share = 1 / np.arange(1, len(words) + 1)
  partner = np.concatenate([np.arange(UNK + 1), random.permutation(words)]).astype(np.int32)
  batches = _batches(bench, size)
  every = 100
  losses: list[float] = []
  spent, begin = 0.0, time.perf_counter()
  for first in range(0, task["updates"], every):
    rows = []
    for i in range(first, first + every):
      batch = batches.at(i)
      source, target = batch.source_BxJ.copy(), batch.target_BxT.copy()
      inside = source > UNK
      source[inside] = random.choice(words, inside.sum(), p=share / share.sum())
      width = min(source.shape[1], target.shape[1])
      mapped = np.where(target[:, :width] > UNK, partner[source[:, :width]], target[:, :width])
      target[:, :width] = mapped
      rows.append(bench.place(source, target))
    jax.block_until_ready(rows)
    began = time.perf_counter()
    for one in rows:
      bench.update(one)
    losses.append(float(np.mean(bench.wait())))
    if first:  # the first hundred compile
      spent += time.perf_counter() - began
    if first and time.perf_counter() - begin > task["seconds"]:
      break
  updates = every * len(losses)
  return {"updates": updates, "seconds_an_update": spent / (updates - every), "losses": losses}


def _batches(bench: Bench, size: Size) -> Batches:
  return Batches(Sentences(drawn(), size.vocabulary), bench.config.batch, bench.config.seed)


def _figures(
  size: Size, seconds: list[float], source: float, target: float, batch: int, length: float
) -> dict[str, Any]:
  median = statistics.median(seconds)
  return {
    "seconds_an_update": spread(seconds),
    "updates_a_second": 1 / median,
    "target_tokens_a_second": target / median,
    "tflops": batch * flops.training(size, source / batch, length) / median / 1e12,
  }


def _calls(path: Path) -> dict[str, int]:
  """How often the host launched kernels and graphs."""
  wanted = ("cuLaunchKernel", "cuLaunchKernelEx", "cudaLaunchKernel", "cuGraphLaunch")
  counts = dict.fromkeys(wanted, 0)
  data = jax.profiler.ProfileData.from_file(str(path))
  for plane in data.planes:
    for line in plane.lines:
      for event in line.events:
        if event.name in counts:
          counts[event.name] += 1
  return {name: count for name, count in counts.items() if count}


def _device_memory() -> float | None:
  stats = jax.local_devices()[0].memory_stats() or {}
  return stats["peak_bytes_in_use"] / 2**20 if "peak_bytes_in_use" in stats else None


def _wait(function: Callable[..., Any], *arguments: Any) -> None:
  jax.block_until_ready(function(*arguments))


def _seconds(function: Callable[[], Any], rounds: int) -> list[float]:
  found = []
  for _ in range(rounds):
    began = time.perf_counter()
    function()
    found.append(time.perf_counter() - began)
  return found


TASKS = {task.__name__: task for task in (check, peak, fixed, bucketed, profile, long)}


def main(arguments: Iterable[str]) -> None:
  """Does the task and prints its result."""
  (text,) = arguments
  task = json.loads(text)
  size = SIZES[task["size"]]
  found = TASKS[task["task"]](size, task)
  where = {"device": jax.devices()[0].device_kind, "jax": jax.__version__}
  print(json.dumps(short(found | where), ensure_ascii=False))


if __name__ == "__main__":
  main(sys.argv[1:])
