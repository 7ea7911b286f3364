"""The training of one run, from its last checkpoint to its end or to a request to stop."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import jax
from ml_collections import ConfigDict

from nmt.data.batches import Batch, iterate
from nmt.data.pipeline import Prepared
from nmt.exit_codes import CONTINUE, DONE
from nmt.files import write_json
from nmt.training import ahead, fallback
from nmt.training.divergence import Diverged
from nmt.training.metrics import Metrics
from nmt.training.session import Session, Validate
from nmt.training.stopping import Stopped, Stopping
from nmt.workdir import Workdir

Update = Callable[[Sequence[Batch]], None]  # makes one update, as `Session.update` does
Profiler = Callable[[Session, Metrics], contextlib.AbstractContextManager[Update]]


def train(
  config: ConfigDict,
  workdir: Workdir,
  prepared: Prepared,
  validate: Validate,
  stopping: Stopping,
  profiler: Profiler | None = None,
  start: Any = None,
) -> int:
  """Trains until `train.updates` or `valid.patience` end it; returns an exit code.

  Goes on from the last whole checkpoint, and ends with the same bits as a run that never stopped.
  The code is DONE, or CONTINUE if it was asked to stop.
  `validate(params)` gives the scores of the validation split beside its perplexity. A `profiler`
  makes the updates instead, and measures some. A run without a checkpoint begins with the
  parameters `start`, or with drawn ones. Raises Diverged when the loss has diverged and
  `train.fallback` allows no going back (NonFinite: the batch and the state before it are in
  W/nonfinite), and UserError when batches can't be cut over the devices or no checkpoint is whole.
  """
  session = Session(config, workdir, prepared, start)
  progress = session.progress
  with (
    stopping.deferring(),
    session.checkpoints,
    Metrics(
      workdir,
      progress.update,
      progress.validated,
      config.train.updates,
      progress.fallbacks,
    ) as metrics,
    ahead.compiling(session, ahead.threads()),
    profiler(session, metrics) if profiler else contextlib.nullcontext(session.update) as update,
  ):
    metrics.say(session.opening())
    whole = False
    while not whole:
      try:
        _go_on(session, validate, stopping, metrics, update)
        whole = True
      except Diverged as e:
        fallback.go_back(session, metrics, e)
    session.save(metrics)
    progress = session.progress
    reason = progress.over(config)
    if reason:
      write_json(workdir.cost, session.cost())
    metrics.say(f"done: {reason}" if reason else f"stopped at update {progress.update}")
  return DONE if reason else CONTINUE


def _go_on(
  session: Session, validate: Validate, stopping: Stopping, metrics: Metrics, update: Update
) -> None:
  """Updates, logs, validates and saves until the end or a request to stop; raises Diverged."""
  config, progress = session.config, session.progress
  feed = iterate(session.batches, progress.batches, (jax.process_index(), jax.process_count()))
  while not (stopping.asked or progress.over(config)):
    if not progress.due(config):
      update([next(feed) for _ in range(config.train.accumulate)])
    if session.line_due():
      session.log(metrics)
    if progress.due(config):
      session.settle()
      try:
        with stopping.raising():
          scores = session.scores(validate)
      except Stopped:
        break  # the state is saved by the caller, its validation still due
      session.judge(scores, metrics)
      session.save(metrics)
    elif session.chosen(progress.update):
      session.settle()
      session.save(metrics)
  session.settle()
