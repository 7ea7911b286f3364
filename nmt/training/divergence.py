"""Whether the loss of a run has diverged."""

from ml_collections import ConfigDict

from nmt.training.progress import Progress


class Diverged(Exception):
  """The loss has diverged. update: where that was found; good: the last update before."""

  def __init__(self, what: str, update: int, good: int):
    super().__init__(what)
    self.update, self.good = update, good


class NonFinite(Diverged):
  """The loss or the gradient of an update is not finite."""

  def __init__(self, update: int, more: str = ""):
    what = f"the loss or the gradient of update {update} is not finite{more}"
    super().__init__(what, update, update - 1)


def check(fallback: ConfigDict, progress: Progress, loss: float, count: int) -> None:
  """Takes the mean loss of the last `count` updates into the progress.

  Raises Diverged if it is above `fallback.ratio` times the lowest one before. A loss of 0 or less,
  which an objective may have, is no measure.
  """
  lowest, update = progress.lowest, progress.update
  if fallback.ratio and lowest is not None and 0 < fallback.ratio * lowest < loss:
    good = update - count
    raise Diverged(
      f"the mean loss of updates {good + 1} to {update} is {loss:.4g}, above {fallback.ratio:g} "
      f"times the lowest one before, {lowest:.4g}",
      update,
      good,
    )
  progress.lowest = loss if lowest is None else min(lowest, loss)
