"""The way of text into training: tokenising, batches, and how long a step waits for its batch."""

import itertools
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from experiments.benchmarks.input_memory import cut
from experiments.benchmarks.speed.sizes import Size, config
from nmt.training.meter import Meter

PAIRS = 60_000  # enough for several processes


def measure(
  size: Size, folder: Path | None, languages: tuple[str, str], pairs: int = PAIRS
) -> dict[str, Any]:
  """All three on the first pairs of a folder's training text, or on the grammar's."""
  with tempfile.TemporaryDirectory() as place:
    configured = config(size)
    data = configured.data
    data.cache = f"{place}/cache"
    data.tokenizer.update(kind="bpe", size=size.vocabulary, joint=True)
    data.grammar.update(train=pairs, valid=100)
    if folder:
      cut(folder, Path(place), languages, pairs)
      data.update(corpus="text", dir=place, source=languages[0], target=languages[1])
    else:
      data.tokenizer.size = min(size.vocabulary, 500)  # the grammar knows few words
    return _measure(configured, Path(place))


def _measure(config: ConfigDict, place: Path) -> dict[str, Any]:
  from nmt.data.batches import Batches, iterate
  from nmt.data.pipeline import prepare
  from nmt.training import sharding, step
  from nmt.training.objectives.base import Rows

  prepared = prepare(config.data)
  batches = Batches(prepared.train, config.batch, config.seed)
  count = batches.epoch_size()
  feed = iterate(batches, 0)
  next(feed)
  began = time.perf_counter()
  for _ in itertools.islice(feed, count):
    pass
  per_second = count / (time.perf_counter() - began)

  mesh = sharding.build(config.mesh)
  program = step.build(config, prepared.source.size, prepared.target.size, mesh)
  updates = min(2 * config.batch.window, count)

  def train() -> tuple[float, float]:
    """Seconds of the first updates, and those of them spent waiting for a batch."""
    state, meter, waited = program.create(), Meter({}), 0.0
    feed = iterate(batches, 0)
    batch = next(feed)
    began = time.perf_counter()
    for number in range(updates):
      sides = (sharding.place(mesh, side) for side in (batch.source_BxJ, batch.target_BxT))
      rows = Rows(*sides)
      state, results = program.update(state, [rows], 1.0)
      meter.add(number, [batch], results)
      asked = time.perf_counter()
      batch = next(feed)
      waited += time.perf_counter() - asked
    meter.settle()
    return time.perf_counter() - began, waited

  train()  # compiles
  spent, waited = train()
  return tokenising(config, prepared, place) | {
    "batches_per_second": per_second,
    "updates": updates,
    "update_seconds": spent / updates,
    "waiting_share": waited / spent,
    "padded_share": batches.padding().share,
    "shapes": len(batches.used_shapes()),
  }


def tokenising(config: ConfigDict, prepared: Any, place: Path) -> dict[str, Any]:
  """Sentences a minute of the pipeline's own tokenising, both sides, on all cores."""
  from nmt.data import store
  from nmt.data.corpora import open_corpus
  from nmt.data.parallel import Pool, workers

  folder = place / "again"
  folder.mkdir()
  cpu = _cpu()
  with Pool() as pool:
    corpus = open_corpus(config.data, config.data.train, pool)
    began = time.perf_counter()
    store.write(folder, corpus, range(len(corpus)), prepared.source, prepared.target, pool)
    wall = time.perf_counter() - began
  sentences = 2 * len(corpus)
  return {
    "pairs": len(corpus),
    "processes": workers(len(corpus)),
    "sentences_per_minute": 60 * sentences / wall,
    "sentences_per_cpu_minute": 60 * sentences / (_cpu() - cpu),
  }


def _cpu() -> float:
  usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
  return sum(u.ru_utime + u.ru_stime for u in usage)
