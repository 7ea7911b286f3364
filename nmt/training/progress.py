"""Where a run stands, apart from its arrays: all that has to survive a stop."""

import dataclasses
import math
from typing import Any

from ml_collections import ConfigDict


@dataclasses.dataclass
class Progress:
  """Counters, the best validation, early stopping, the plateau's scale, half a log line."""

  seed: int
  update: int = 0  # updates made
  batches: int = 0  # batches consumed: the position in the data
  divisor: int = 0  # what their rows were multiples of; 0: not known
  validated: int = 0  # the update last validated
  best: float | None = None
  best_update: int = 0
  stale: int = 0  # validations since the best one
  scale: float = 1.0  # plateau: of the learning rate
  waited: int = 0  # plateau: validations since the best one or the last cut
  fallbacks: int = 0  # how often the run went back because its loss had diverged
  lowest: float | None = None  # mean training loss between two lines of metrics
  seconds: float = 0.0  # of training, over all sessions
  cpu_seconds: float = 0.0
  meter: dict[str, float] = dataclasses.field(default_factory=dict)

  @classmethod
  def of(cls, fields: dict[str, Any]) -> "Progress":
    """The inverse of `as_dict`."""
    return cls(**fields)

  def as_dict(self) -> dict[str, Any]:
    """JSON-able; floats come back exactly."""
    return dataclasses.asdict(self)

  def judge(self, config: ConfigDict, scores: dict[str, float]) -> bool:
    """Takes in the validation of this update, and returns whether it is the best so far."""
    value = scores[config.valid.metric]
    sign = -1 if config.valid.metric == "perplexity" else 1
    better = not math.isnan(value) and (self.best is None or sign * value > sign * self.best)
    self.validated = self.update
    self.stale, self.waited = (0, 0) if better else (self.stale + 1, self.waited + 1)
    if better:
      self.best, self.best_update = value, self.update
    schedule = config.train.schedule
    if schedule.name == "plateau" and self.waited >= max(schedule.patience, 1):
      self.scale, self.waited = max(self.scale * schedule.factor, schedule.floor), 0
    return better

  def rate(self, config: ConfigDict) -> float:
    """What the learning rate of the schedule is multiplied by: for the plateau and fallbacks."""
    scale: float = self.scale * config.train.fallback.factor**self.fallbacks
    return scale

  def due(self, config: ConfigDict) -> bool:
    """Whether this update is to be validated and was not yet."""
    end = self.update == config.train.updates
    return self.update > self.validated and (end or self.update % config.valid.every == 0)

  def over(self, config: ConfigDict) -> str:
    """Why training ends here; empty if it does not."""
    if self.due(config):
      return ""
    if self.update >= config.train.updates:
      return f"all {self.update} updates are made"
    if 0 < config.valid.patience <= self.stale:
      return f"no better {config.valid.metric} in {self.stale} validations"
    return ""
