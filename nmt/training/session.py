"""What the loop does in one line each: update, log, validate, judge, save."""

import functools
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding
from ml_collections import ConfigDict

from nmt import config as config_lib
from nmt import fitting
from nmt.data.batches import Batch, Batches, sequential
from nmt.data.pipeline import Prepared
from nmt.data.shapes import Shape
from nmt.files import replacing
from nmt.perplexity import perplexity
from nmt.refusals import NOT_ALIGNING
from nmt.training import divergence, flops, sharding, step
from nmt.training.checkpoints import Checkpoints
from nmt.training.keeping import chosen
from nmt.training.meter import Meter
from nmt.training.metrics import Metrics
from nmt.training.objectives.base import Rows
from nmt.training.progress import Progress
from nmt.training.step import State
from nmt.training.stopwatch import Stopwatch
from nmt.workdir import Workdir

FILLER = 0.1  # a larger share of rows without a sentence is said at the start

Validate = Callable[[Any], dict[str, float]]


class Session:
  """One run in this process: its state on the devices and its progress, restored if there."""

  def __init__(self, config: ConfigDict, workdir: Workdir, prepared: Prepared, start: Any = None):
    self.config, self.workdir, self._start = config, workdir, start
    self.mesh = sharding.build(config.mesh)
    divisor = sharding.divisor(self.mesh)
    self._aligns = not fitting.has(config_lib.flatten(config), "model.attention", NOT_ALIGNING)
    self.batches = Batches(prepared.train, config.batch, config.seed, divisor)
    self.valid = sequential(prepared.valid, config.batch, divisor, sharding.process())
    sizes = prepared.source.size, prepared.target.size
    self.program = step.build(config, *sizes, self.mesh)
    self.chosen = functools.partial(chosen, config.valid)
    self.checkpoints = Checkpoints(workdir.checkpoints, config.valid.keep, self.chosen)
    self.restore()

  def restore(self) -> None:
    """Takes on the state and the progress of the last whole checkpoint, or of the start."""
    self.state: State = {}  # its memory is needed
    restored = self.checkpoints.restore(self.program.abstract)
    create = functools.partial(self.program.create, self._start)
    self.state, self.progress = restored or (create(), Progress(self.config.seed))
    divisor = sharding.divisor(self.mesh)
    before, self.progress.divisor = self.progress.divisor or divisor, divisor
    self.recut = not self.batches.cut_as(before)
    self.meter = Meter(self.progress.meter)

  def opening(self) -> str:
    """What is about to run, in a line."""
    devices = self.mesh.devices.ravel()
    unused = jax.device_count() - len(devices)
    idle = f" ({unused} more idle: see mesh.data and mesh.model)" if unused else ""
    padding = self.batches.padding()
    key = "batch.tokens" if self.config.batch.tokens else "batch.size"
    recut = (
      "; batch.tokens cuts this epoch anew for these devices: sentences may repeat or be missed"
    )
    filler = f" ({padding.filler:.0%} of the rows are filler: lower {key})"
    size = sum(x.size for x in jax.tree.leaves(self.state["params"]))
    return (
      f"{'from' if self.progress.update else 'start at'} update {self.progress.update}, "
      f"{size:,} parameters, {len(devices)} x {devices[0].device_kind}{idle}, "
      f"{len(self.batches.store):,} pairs, {self.batches.epoch_size():,} batches an epoch of "
      f"{len(self.batches.used_shapes())} shapes, {padding.share:.1%} padding"
      f"{filler if padding.filler > FILLER else ''}{recut if self.recut else ''}"
    )

  def update(self, batches: Sequence[Batch]) -> None:
    """Starts one update; the device may still be at work when this returns."""
    rows = [self._place(batch) for batch in batches]
    self.state, results = self.program.update(self.state, rows, self.progress.rate(self.config))
    self.progress.update += 1
    self.progress.batches += len(batches)
    self.meter.add(self.progress.update, batches, results)

  def settle(self) -> None:
    """Waits for all updates and takes in what they report."""
    wall, cpu = self.meter.settle()
    self.progress.seconds += wall
    self.progress.cpu_seconds += cpu

  def line_due(self) -> bool:
    """Whether the updates since the last line of metrics make one."""
    update, config = self.progress.update, self.config
    whole = update % config.valid.log == 0 or update == config.train.updates
    return whole and not self.meter.empty()

  def log(self, metrics: Metrics) -> None:
    """Writes and shows a line of training metrics."""
    self.settle()
    update, count = self.progress.update, int(self.meter.sums["updates"])
    values, timing = self.meter.line()
    values["epoch"] = self.batches.locate(self.progress.batches - 1)[0]
    timing["training_seconds"] = self.progress.seconds
    metrics.write("train", update, values, timing)
    metrics.show(
      update,
      f"loss {values['loss']:.4f} · perplexity {values['perplexity']:.2f} · "
      f"{timing['source_tokens_per_second']:,.0f} source + "
      f"{timing['target_tokens_per_second']:,.0f} target tokens/s · "
      f"{timing['sentences_per_second']:,.0f} sentences/s · padding {values['padding']:.0%} · "
      f"gradient {values['gradient_norm']:.3f} · rate {values['learning_rate']:.2e}",
    )
    self.status("running")
    divergence.check(self.config.train.fallback, self.progress, values["loss"], count)

  def scores(self, validate: Validate) -> dict[str, float]:
    """The validation split's loss and perplexity, what `validate` adds, and where alpha looks.

    attention_entropy: nats a target token; attention_coverage: of the source tokens, in [0, 1].
    """
    stopwatch = Stopwatch()
    params = self.state.get("average", self.state["params"])
    total: Counter[str] = Counter()
    for batch in self.valid:
      sums = jax.device_get(self.program.evaluate(params, self._place(batch)))
      total.update({name: value.item() for name, value in sums.items()})
    nll, tokens = total["nll"], total["tokens"]
    scores = {"loss": nll / max(tokens, 1), "perplexity": perplexity(nll, tokens)}
    scores |= validate(sharding.local(self.mesh, params))
    if self._aligns:
      scores["attention_entropy"] = total["attention_entropy"] / max(tokens, 1)
      scores["attention_coverage"] = total["covered"] / max(total["source_tokens"], 1)
    self._validation = stopwatch.seconds()
    self.meter.restart()
    return scores

  def judge(self, scores: dict[str, float], metrics: Metrics) -> None:
    """Takes a validation into the progress, and reports it."""
    progress = self.progress
    best = progress.judge(self.config, scores)
    seconds, cpu_seconds = self._validation
    timing = {"seconds": seconds, "cpu_seconds": cpu_seconds}
    timing["training_seconds"] = progress.seconds
    timing["training_cpu_seconds"] = progress.cpu_seconds
    metrics.write("valid", progress.update, {**scores, "best": best}, timing)
    shown = " · ".join(f"{name} {value:.4g}" for name, value in scores.items())
    metrics.say(
      f"valid at update {progress.update}: {shown} · "
      + ("the best so far" if best else f"best at {progress.best_update}")
      + f" · {seconds:.1f} s"
    )
    self.status("running")

  def save(self, metrics: Metrics) -> None:
    """Starts saving state and progress, after the lines of metrics that belong to them."""
    metrics.sync()
    self.checkpoints.save(self.state, self.progress)

  def cost(self) -> dict[str, Any]:
    """What does not change from update to update: the size of the model, its products, the devices.

    The products are those of an update with the most frequent shape of batches (of the first
    thousand), gradients included, for each of its target positions.
    """
    devices = self.mesh.devices.ravel()
    several = f"{len(devices)} x " if len(devices) > 1 else ""
    first = range(min(self.batches.epoch_size(), 1000))
    ((shape, _),) = Counter(map(self.batches.shape, first)).most_common(1)
    rows, _, length = shape
    traced = self.program.trace(self.abstract(shape))
    return {
      "parameters": sum(x.size for x in jax.tree.leaves(self.state["params"])),
      "flops_per_target_token": flops.products(traced.jaxpr) / (rows * length),
      "device": f"{several}{devices[0].device_kind}",
    }

  def abstract(self, shape: Shape) -> Rows:
    """Rows of a shape without their ids, as a program is traced for."""
    B, J, T = shape
    cut = NamedSharding(self.mesh, sharding.BATCH)
    sides: Any = [jax.ShapeDtypeStruct((B, L), jnp.int32, sharding=cut) for L in (J, T)]
    if self.batches.linked:
      sides.append(jax.ShapeDtypeStruct((B, T, J), jnp.int8, sharding=cut))
    return Rows(*sides)

  def keep_bad(self, update: int) -> Path:
    """Saves the batches of an update that was not finite, and the state before it, in a folder.

    That state is no checkpoint: what made the loss overflow is in it, and no lower rate helps it.
    """
    count = self.config.train.accumulate
    folder = self.workdir.nonfinite
    folder.mkdir(exist_ok=True)
    arrays: dict[str, Any] = {}
    for i in range(count):
      batch = self.batches.at((update - 1) * count + i)
      number = f"_{i}" if count > 1 else ""
      arrays |= {f"source{number}": batch.source_BxJ, f"target{number}": batch.target_BxT}
      arrays |= {f"sentences{number}": batch.index_B}
      if batch.links_BxTxJ is not None:
        arrays[f"links{number}"] = batch.links_BxTxJ
    if sharding.first():
      with replacing(folder / f"{update}.npz", "wb") as file:
        np.savez(file, **arrays)
      shutil.rmtree(folder / "state", ignore_errors=True)
    sharding.meet()
    self.progress.update, self.progress.batches = update - 1, (update - 1) * count
    with Checkpoints(folder / "state", keep=1) as before:
      before.save(self.state, self.progress)
    return folder / f"{update}.npz"

  def _place(self, batch: Batch) -> Rows:
    place = functools.partial(sharding.place, self.mesh)
    links = None if batch.links_BxTxJ is None else place(batch.links_BxTxJ)
    return Rows(place(batch.source_BxJ), place(batch.target_BxT), links)

  def status(self, state: str) -> None:
    """Writes W/status.json, in process 0."""
    if not sharding.first():
      return
    progress = self.progress
    fallbacks = {"fallbacks": progress.fallbacks} if progress.fallbacks else {}
    self.workdir.status(
      state,
      update=progress.update,
      updates=self.config.train.updates,
      best={"update": progress.best_update, self.config.valid.metric: progress.best},
      **fallbacks,
    )
