"""From values to places in a drawing, with ticks at round numbers."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.ticker import LogLocator, MaxNLocator

_WIDE = 20  # the largest by the smallest value from which an axis is logarithmic


class Scale(NamedTuple):
  """A straight or logarithmic axis: the value `low` lies at `start`, `high` at `end`."""

  low: float
  high: float
  start: float
  end: float
  ticks: list[float]
  logarithmic: bool = False

  def at(self, value: float) -> float:
    """Where a value lies."""
    low, high = self.low, self.high
    if self.logarithmic:
      low, high, value = math.log(low), math.log(high), math.log(value)
    share = (value - low) / (high - low)
    return round(self.start + share * (self.end - self.start), 1)

  @property
  def labels(self) -> list[tuple[float, str]]:
    """The place and the text of each tick."""
    return [(self.at(tick), number(tick)) for tick in self.ticks]


def linear(values: Sequence[float], start: float, end: float, most: float = math.inf) -> Scale:
  """A scale that begins and ends with a tick, or at `most` if no value is larger."""
  low, high = min(values), max(values)
  if low == high:
    low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
  ticks = [float(t) for t in MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)]
  last = most if high <= most < ticks[-1] else ticks[-1]
  return Scale(ticks[0], last, start, end, [tick for tick in ticks if tick <= last])


def logarithmic(values: Sequence[float], start: float, end: float) -> Scale:
  """The same where values are spread over orders of magnitude and all positive, else `linear`."""
  low, high = min(values), max(values)
  if low <= 0 or high < _WIDE * low:
    return linear(values, start, end)
  ticks = [float(t) for t in LogLocator(subs=(1, 2, 5), numticks=99).tick_values(low, high)]
  ticks = [tick for tick in ticks if low <= tick <= high]
  return Scale(low, high, start, end, ticks, True)


def number(value: float) -> str:
  """A tick's label: 0.5, 1,000, −2."""
  return f"{round(value, 10):,.6g}".replace("-", "−")
