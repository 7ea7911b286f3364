"""Rounds of several systems, one after the other again and again, and what their medians say.

A machine's speed drifts, so a ratio is taken within each round; reported is its median.
"""

from collections.abc import Callable, Mapping
from typing import Any

from experiments.benchmarks.lines import spread
from experiments.benchmarks.speed import flops, workloads
from experiments.benchmarks.speed.workers import Told

Round = dict[str, Any]
OURS = "nmt"


def interleave(
  systems: Mapping[str, Told],
  task: workloads.Task,
  rounds: int,
  say: Callable[[str], None],
) -> tuple[dict[str, Round], dict[str, list[Round]]]:
  """Prepares all systems, then does round 0 of each, round 1 of each, ...

  Returns what each said when prepared, and its rounds; one of nmt's training has the `peak` that
  was measured just before it.
  """
  prepared = {}
  for name, system in systems.items():
    say(f"{name}: prepares")
    prepared[name] = system.prepare(task, rounds)
  done: dict[str, list[Round]] = {name: [] for name in systems}
  for number in range(rounds):
    for name, system in systems.items():
      say(f"{name}: round {number + 1} of {rounds}")
      peak = {"peak": system.peak()} if name == OURS and task.what == "train" else {}
      done[name].append(system.run(number) | peak)
  return prepared, done


def summary(task: workloads.Task, prepared: Mapping[str, Round], done: Mapping[str, list[Round]]):
  """One section of the results: rates of each system, its rounds, and ratios to the peers."""
  systems: dict[str, Any] = {}
  for name, rounds in done.items():
    systems[name] = rates(rounds) | {"prepared": prepared[name], "rounds": rounds}
    if task.what == "train":
      systems[name] |= work(task, name, rounds)
  ours = done.get(OURS)
  ratios = {
    name: {clock: spread(ratio(ours, rounds, clock)) for clock in ("wall", "cpu")}
    for name, rounds in done.items()
    if ours and name != OURS
  }
  return {
    "what": task.what,
    "size": task.size.name,
    "workload": task.name,
    "counted": task.counted(),
    "systems": systems,
    "ratios": ratios,
  }


def rates(rounds: list[Round]) -> dict[str, Any]:
  """Real tokens and sentences a second of wall and of CPU time, padding, peak memory."""
  found: dict[str, Any] = {
    f"{count}_per_{clock}_second": spread([r[count] / r[clock] for r in rounds])
    for count in ("target_tokens", "source_tokens", "sentences")
    for clock in ("wall", "cpu")
  }
  found["resident_mb"] = max(r["resident_mb"] for r in rounds)
  if "positions" in rounds[0]:
    real = sum(r["source_tokens"] + r["target_tokens"] for r in rounds)
    found["padded_share"] = 1 - real / sum(r["positions"] for r in rounds)
  return found


def work(task: workloads.Task, name: str, rounds: list[Round]) -> dict[str, Any]:
  """GFLOP/s of the products that real tokens need, not counting padding; ours beside the peak."""
  count = flops.COUNTS[name]
  gflops = []
  for r in rounds:
    # Sides of mean length: only alpha's products, about a hundredth, are not linear in them.
    J, T = r["source_tokens"] / r["sentences"], r["target_tokens"] / r["sentences"]
    gflops.append(r["sentences"] * count(task.size, J, T) / r["wall"] / 1e9)
  mean = sum(r["target_tokens"] for r in rounds) / sum(r["sentences"] for r in rounds)
  per_token = count(task.size, mean, mean) / mean
  found: dict[str, Any] = {"gflops": spread(gflops), "mflop_per_target_token": per_token / 1e6}
  if name == OURS:
    peaks = [r["peak"] for r in rounds]
    shares = [one / peak for one, peak in zip(gflops, peaks, strict=True)]
    found |= {"peak_gflops": spread(peaks), "share_of_peak": spread(shares)}
  return found


def ratio(ours: list[Round], theirs: list[Round], clock: str) -> list[float]:
  """How many times faster we are in each round, by real target tokens a second of `clock`."""
  return [
    (a["target_tokens"] / a[clock]) / (b["target_tokens"] / b[clock])
    for a, b in zip(ours, theirs, strict=True)
  ]
