"""Calls that take turns, so that a machine's drift is the same for all, and their ratios."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from experiments.benchmarks.lines import interval

CLOCKS = {"cpu": time.process_time, "wall": time.perf_counter}
Times = dict[str, list[float]]  # seconds of each call, by clock


def take(calls: Mapping[str, Callable[[], None]], seconds: float, least: int) -> dict[str, Times]:
  """Each call in turn, again and again, for so many seconds in all and so many turns at least.

  Two turns that compile and warm up are not among them.
  """
  for call in [*calls.values()] * 2:
    call()
  times: dict[str, Times] = {name: {clock: [] for clock in CLOCKS} for name in calls}
  until, turn = time.perf_counter() + seconds, 0
  while turn < least or time.perf_counter() < until:
    for name, call in calls.items():
      began = {clock: now() for clock, now in CLOCKS.items()}
      call()
      for clock, now in CLOCKS.items():
        times[name][clock].append(now() - began[clock])
    turn += 1
  return times


def speed(times: Mapping[str, Times], name: str, baseline: str) -> dict[str, Any]:
  """How many times as fast as the baseline a call is: the ratio within each turn, by clock."""
  own, other = times[name], times[baseline]
  return {
    clock: interval([b / a for a, b in zip(own[clock], other[clock], strict=True)])
    for clock in CLOCKS
  } | {"turns": len(own["wall"])}
