"""Sums between two lines of metrics, read from the device late so that it never waits for us."""

from collections import deque
from collections.abc import Sequence
from typing import Any

import jax
from jaxtyping import Array, Shaped

from nmt.data.batches import Batch, Counts
from nmt.perplexity import perplexity
from nmt.training import sharding
from nmt.training.divergence import NonFinite
from nmt.training.stopwatch import Stopwatch

AHEAD = 2  # updates that may be in flight: the device stays busy, and a stop is never far

_MORE = "objective/"  # before the names of sums that only the objective knows

Results = dict[str, Shaped[Array, ""]]  # of an update, by name


class Meter:
  """Adds up what updates report; `sums` is what has to survive a stop between two lines."""

  def __init__(self, sums: dict[str, float]):
    self.sums = sums
    self._pending: deque[tuple[int, dict[str, int], Results]] = deque()
    self._flight: deque[Any] = deque()
    self._stopwatch = Stopwatch()

  def restart(self) -> None:
    """Time counts from now; call it after what is not training."""
    self._stopwatch = Stopwatch()

  def add(self, update: int, batches: Sequence[Batch], results: Results) -> None:
    """Notes an update under way; waits only for the one `AHEAD` before it."""
    counts = dict.fromkeys(Counts._fields, 0)
    for batch in batches:
      counts = {key: counts[key] + value for key, value in batch.counts._asdict().items()}
    self._pending.append((update, counts, results))
    self._flight.append(results["loss"])
    if len(self._flight) > (0 if sharding.waits() else AHEAD):
      jax.block_until_ready(self._flight.popleft())

  def empty(self) -> bool:
    """Whether no update was noted since the last line."""
    return not self._pending and not self.sums.get("updates")

  def settle(self) -> tuple[float, float]:
    """Takes in all updates noted; returns the wall and CPU seconds since `restart`.

    Raises NonFinite for the first update that was not finite; those before it are taken in.
    """
    results = jax.device_get([results for _, _, results in self._pending])
    for found in results:
      update, counts, _ = self._pending.popleft()
      if not found["finite"]:
        raise NonFinite(update)
      values = {key: value.item() for key, value in found.items()}
      counts |= {key: values.pop(key) for key in ("loss", "nll", "correct", "tokens")}
      counts |= {"updates": 1, "norm": values.pop("gradient_norm")}
      self.sums["learning_rate"] = values.pop("learning_rate")
      more = {_MORE + key: value for key, value in values.items() if type(value) is float}
      counts |= more  # losses of the objective's own; its counts say nothing here
      for key, value in counts.items():
        self.sums[key] = self.sums.get(key, 0) + value
    self._flight.clear()
    wall, cpu = self._stopwatch.seconds()
    self.sums["seconds"] = self.sums.get("seconds", 0) + wall
    self.sums["cpu_seconds"] = self.sums.get("cpu_seconds", 0) + cpu
    self.restart()
    return wall, cpu

  def line(self) -> tuple[dict[str, float], dict[str, float]]:
    """The means since the last line, and the speeds; then starts over."""
    s = self.sums
    values = {
      "loss": s["loss"] / s["tokens"],
      "perplexity": perplexity(s["nll"], s["tokens"]),
      "accuracy": s["correct"] / s["tokens"],
      "gradient_norm": s["norm"] / s["updates"],
      "learning_rate": s["learning_rate"],
      "source_tokens": s["source_tokens"],
      "target_tokens": s["target_tokens"],
      "sentences": s["sentences"],
      "padding": 1 - (s["source_tokens"] + s["target_tokens"]) / s["positions"],
    }
    more = [key for key in s if key.startswith(_MORE)]
    values |= {key.removeprefix(_MORE): s[key] / s["tokens"] for key in more}
    timing = {
      "seconds": s["seconds"],
      "cpu_seconds": s["cpu_seconds"],
      **{
        f"{key}_per_second": s[key] / max(s["seconds"], 1e-9)
        for key in ("source_tokens", "target_tokens", "sentences", "updates")
      },
    }
    s.clear()
    return values, timing
