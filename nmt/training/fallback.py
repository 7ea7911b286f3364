"""Going back to the last good checkpoint, at a lower rate, when the loss has diverged."""

from nmt.training.divergence import Diverged, NonFinite
from nmt.training.metrics import Metrics
from nmt.training.session import Session


def go_back(session: Session, metrics: Metrics, fault: Diverged) -> None:
  """Has the session go on from the last good checkpoint, or from the start if there is none.

  That is the best one, or a later one of before the updates in which the loss diverged.
  From there on it sees the same batches in the same order with the same random keys; only the
  learning rate is lower, by `train.fallback.factor`. The checkpoint gets the number of times, so
  that a run which is killed goes on in the same way. Raises Diverged, with what to do, if the run
  went back as often as `train.fallback.times` allows.
  """
  options, before = session.config.train.fallback, session.progress
  kept = ""
  if isinstance(fault, NonFinite):
    kept = f"; its batch is in {session.keep_bad(fault.update)}"
  if before.fallbacks >= options.times:
    tried = f" after fallback {before.fallbacks} of {options.times}" if options.times else ""
    fault.args = (
      f"{fault}{tried}{kept}; with a lower --config.train.optimizer.learning_rate the same command "
      f"goes on from update {session.checkpoints.last()}",
    )
    raise fault from None
  session.checkpoints.forget(max(fault.good, before.best_update))
  session.restore()
  progress = session.progress
  progress.fallbacks = before.fallbacks + 1
  progress.seconds, progress.cpu_seconds = before.seconds, before.cpu_seconds
  metrics.go_back(progress.update, progress.validated, before.fallbacks)
  rate, number = progress.rate(session.config), progress.fallbacks
  values = {"number": number, "from": fault.update, "reason": str(fault), "scale": rate}
  metrics.write("fallback", progress.update, values, {"training_seconds": progress.seconds})
  metrics.say(
    f"{fault}{kept}; fallback {number} of {options.times}: back to update {progress.update}, with "
    f"the learning rate times {rate:g}"
  )
  session.save(metrics)
  session.status("running")
