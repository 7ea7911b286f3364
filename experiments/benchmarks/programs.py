"""An update, and a search, of one batch of random sentences: functions without arguments."""

from collections.abc import Callable

import numpy as np
from ml_collections import ConfigDict

from experiments.benchmarks.speed.ours import Ids
from nmt import loading, models
from nmt.data.ids import EOS, UNK
from nmt.decoding.hypotheses import forbidden
from nmt.decoding.translator import search
from nmt.training import sharding, step
from nmt.training.objectives.base import Rows

Call = Callable[[], None]
Words = tuple[int, int]  # in the vocabularies of source and target


def sentences(count: int, length: int, words: int, seed: int) -> np.ndarray:
  """Random sentences without padding, each ended by EOS: BxJ."""
  ids = np.random.default_rng(seed).integers(UNK + 1, words, (count, length), dtype=np.int32)
  ids[:, -1] = EOS
  return ids


def updating(config: ConfigDict, words: Words, source: np.ndarray, target: np.ndarray) -> Call:
  """One update on a batch; a link joins the i-th words, if the objective asks for links."""
  mesh = sharding.build(config.mesh)
  program = step.build(config, *words, mesh)
  rows = Rows(sharding.place(mesh, source), sharding.place(mesh, target))
  if step.objective_of(config).links:
    diagonal = np.eye(target.shape[1], source.shape[1], dtype=np.int8)
    links = np.repeat(diagonal[None], len(source), axis=0)
    rows = rows._replace(links=sharding.place(mesh, links))
  state = program.create()

  def once() -> None:
    nonlocal state
    state, results = program.update(state, [rows], 1.0)
    float(results["loss"])

  return once


def searching(config: ConfigDict, words: Words, source: np.ndarray) -> Call:
  """The search of `decode.beam` for a batch, by random weights, to the length of the sources."""
  params = models.init(config.model, *words, config.seed)
  made = loading.of(config, Ids(words[0]), Ids(words[1]), params)
  rows, length = source.shape
  limit_B = np.full(rows, length, np.int32)

  def once() -> None:
    found = search(
      params, source, limit_B, np.float32(1.0), encode=made.encode, step=made.step,
      size=config.decode.beam, steps=length, forbid=(*forbidden(False), EOS), n_best=1,
      alphas=False,
    )  # fmt: skip
    np.asarray(found.score_BxN)

  return once
