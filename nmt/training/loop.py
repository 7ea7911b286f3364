"""The training of one run, from its last checkpoint to its end or to a request to stop."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from ml_collections import ConfigDict

from nmt.data.batches import Batch, iterate
from nmt.data.pipeline import Prepared
from nmt.data.shapes import Shape
from nmt.exit_codes import CONTINUE, DONE
from nmt.files import write_json
from nmt.training import ahead, fallback, sharding
from nmt.training.divergence import Diverged
from nmt.training.metrics import Metrics, Silent
from nmt.training.peers import Peers
from nmt.training.session import Session, Validate
from nmt.training.stopping import Stopped, Stopping
from nmt.workdir import Workdir

Update = Callable[[Sequence[Batch]], None]  # makes one update, as `Session.update` does
Profiler = Callable[[Session, Metrics], contextlib.AbstractContextManager[Update]]


def train(
  config: ConfigDict,
  workdir: Workdir,
  prepared: Prepared,
  validate: Validate | None,
  stopping: Stopping,
  profiler: Profiler | None = None,
  start: Any = None,
  peers: Peers | None = None,
) -> int:
  """Trains until `train.updates` or `valid.patience` end it; returns an exit code.

  Goes on from the last whole checkpoint, and ends with the same bits as a run that never stopped.
  The code is DONE, or CONTINUE if it was asked to stop.
  `validate(params)` gives the scores of the validation split beside its perplexity. A `profiler`
  makes the updates instead, and measures some. A run without a checkpoint begins with the
  parameters `start`, or with drawn ones. With several processes, all call this, and `validate`
  is called, and not None, in the first of `peers`. Raises Diverged when the loss has diverged and
  `train.fallback` allows no going back (NonFinite: the batch and the state before it are in
  W/nonfinite), and UserError when batches can't be cut over the devices or no checkpoint is whole.
  """
  peers = peers or Peers()
  session = Session(config, workdir, prepared, start)
  progress = session.progress
  begun = progress.update, progress.validated, config.train.updates, progress.fallbacks
  with (
    stopping.deferring(),
    session.checkpoints,
    Metrics(workdir, *begun) if peers.first else Silent() as metrics,
    ahead.compiling(session, ahead.threads()),
    profiler(session, metrics) if profiler else contextlib.nullcontext(session.update) as update,
    peers.failing(),
  ):
    metrics.say(session.opening())
    whole = False
    while not whole:
      try:
        _go_on(session, validate, stopping, metrics, update, peers)
        whole = True
      except Diverged as e:
        fallback.go_back(session, metrics, e)
    session.save(metrics)
    progress = session.progress
    reason = progress.over(config)
    if reason and peers.first:
      write_json(workdir.cost, session.cost())
    metrics.say(f"done: {reason}" if reason else f"stopped at update {progress.update}")
  return DONE if reason else CONTINUE


def _go_on(
  session: Session,
  validate: Validate | None,
  stopping: Stopping,
  metrics: Metrics,
  update: Update,
  peers: Peers,
) -> None:
  """Updates, logs, validates and saves until the end or a request to stop; raises Diverged."""
  config, progress = session.config, session.progress
  feed = iterate(session.batches, progress.batches, sharding.process())
  count, seen = config.train.accumulate, set[Shape]()
  with peers.training(lambda: progress.update):
    while not (peers.stops(stopping.asked, progress.update) or progress.over(config)):
      if not progress.due(config):
        coming = {session.batches.shape(progress.batches + k) for k in range(count)}
        with contextlib.nullcontext() if coming <= seen else peers.resting():  # it compiles
          update([next(feed) for _ in range(count)])
        seen |= coming
        peers.ended()
      if session.line_due():
        session.log(metrics)
      if progress.due(config):
        session.settle()
        with peers.resting():
          try:
            scores = _scores(session, validate, stopping, peers)
          except Stopped:
            break  # the state is saved by the caller, its validation still due
          session.judge(scores, metrics)
          session.save(metrics)
      elif session.chosen(progress.update):
        session.settle()
        with peers.resting():
          session.save(metrics)
    session.settle()


def _scores(
  session: Session, validate: Validate | None, stopping: Stopping, peers: Peers
) -> dict[str, float]:
  """The scores of a validation; raises Stopped where it is cut short by a request to stop."""

  def scored(params: Any) -> dict[str, float]:
    return validate(params) if validate else {}

  if peers.count == 1:
    with stopping.raising():
      return session.scores(scored)

  def raising(params: Any) -> dict[str, float]:
    with stopping.raising():
      return scored(params)

  # What all devices do together, no process leaves before the others.
  return session.scores(lambda params: peers.by_first(lambda: raising(params)))
