"""Reads a trace of jax.profiler: which operations took the time, and where in the code they are."""

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax

from nmt.profiling import protobuf

_ROOT = Path(__file__).resolve().parents[2]

Event = tuple[float, float, str]  # start and end in ns, and the operation's name
_Run = tuple[str, Any, Any]  # the name of a program, its number, and the number of this run of it


@dataclass(frozen=True)
class Costs:
  """Seconds that each operation itself took, without those it runs (a loop's body), and how often.

  busy: seconds in which at least one operation ran, on any device.
  """

  seconds: dict[str, float]
  counts: dict[str, int]
  busy: float


def costs(path: Path) -> Costs:
  """The costs in an .xplane.pb file; equal operations of one line of code are one operation."""
  content = path.read_bytes()
  data = jax.profiler.ProfileData.from_serialized_xspace(content)
  lines = [list(_operations(line)) for line in _lines(data)]
  used: dict[_Run, set[str]] = {}
  for _, _, operation, run in itertools.chain(*lines):
    used.setdefault(run, set()).add(operation)
  programs = _programs(memoryview(content))
  names = {run: _names(programs.get(run[0], []), found) for run, found in used.items()}
  named = [[(start, end, names[run][op]) for start, end, op, run in line] for line in lines]
  seconds: defaultdict[str, float] = defaultdict(float)
  for line in named:
    for name, ns in own(line):
      seconds[name] += ns / 1e9
  counts = Counter(name for _, _, name in itertools.chain(*named))
  return Costs(seconds, counts, union(itertools.chain(*named)) / 1e9)


def own(events: Iterable[Event]) -> Iterator[tuple[str, float]]:
  """Times to add up by name: that of each event, less that of the events right inside of it."""
  around: list[tuple[float, str]] = []
  for start, end, name in sorted(events, key=lambda e: (e[0], -e[1])):
    while around and around[-1][0] <= start:
      around.pop()
    yield name, end - start
    if around:
      yield around[-1][1], start - end
    around.append((end, name))


def union(events: Iterable[Event]) -> float:
  """How long at least one event was under way."""
  total, until = 0.0, 0.0
  for start, end, _ in sorted(events):
    total += max(end - max(start, until), 0)
    until = max(until, end)
  return total


def _lines(data: Any) -> Iterator[Any]:
  """Where operations are: in the streams of devices, or in the host's threads if they are it."""
  planes = list(data.planes)
  devices = [plane for plane in planes if plane.name.startswith("/device:")]
  found = [line for plane in devices for line in plane.lines]
  ops = [line for line in found if line.name == "XLA Ops"]  # TPUs; the rest repeats it
  return iter(ops or found or [line for plane in planes for line in plane.lines])


def _operations(line: Any) -> Iterator[tuple[float, float, str, _Run]]:
  """Start, end, the instruction and whose it is, of each event that is one."""
  for event in line.events:
    stats = dict(event.stats)
    if "hlo_op" in stats:
      run = str(stats.get("hlo_module", "")), stats.get("program_id", 0), stats.get("run_id", 0)
      yield event.start_ns, event.end_ns, str(stats["hlo_op"]), run


def _names(programs: list[dict[str, str]], used: set[str]) -> dict[str, str]:
  """Readable names of a run's instructions.

  A program that was kept from an earlier process runs under another number than it is described by.
  So a run is known by its instructions: where programs that have them all differ, none is believed.
  """
  fit = [program for program in programs if used <= program.keys()]
  readable = {}
  for operation in used:
    found = {program[operation] for program in fit}
    readable[operation] = found.pop() if len(found) == 1 else _kind(operation)
  return readable


# The numbers of fields below are those of xplane.proto and hlo.proto of XLA.


def _programs(space: memoryview) -> dict[str, list[dict[str, str]]]:
  """The readable names of all instructions of every program, by the programs' name."""
  found: dict[str, list[dict[str, str]]] = {}
  for plane in protobuf.messages(space, 1):
    if protobuf.text(plane, 2) != "/host:metadata":
      continue
    for entry in protobuf.messages(plane, 4):
      for program in protobuf.messages(entry, 2):
        for stat in protobuf.messages(program, 5):
          for proto in protobuf.messages(stat, 6):
            for module in protobuf.messages(proto, 1):
              found.setdefault(protobuf.text(module, 1), []).append(_instructions(module))
  return found


def _instructions(module: memoryview) -> dict[str, str]:
  """`what it is · of which function · where in the code` of each instruction by name."""
  where = _places(module)
  found = {}
  for computation in protobuf.messages(module, 3):
    for instruction in protobuf.messages(computation, 2):
      name = protobuf.text(instruction, 1)
      parts = [_kind(name)]
      for metadata in protobuf.messages(instruction, 7):
        path = protobuf.text(metadata, 2)
        parts += [path.rsplit("/", 1)[-1], "backward" if "transpose(" in path else ""]
        parts.append(where.get(protobuf.number(metadata, 15), ""))
      found[name] = " · ".join(dict.fromkeys(filter(None, parts)))
  return found


def _places(module: memoryview) -> dict[int, str]:
  """For each stack frame, `file:line` there and before it where that file was called from."""
  found: dict[int, str] = {}
  for index in protobuf.messages(module, 17):
    files = [_short(str(name, "utf-8", "replace")) for name in protobuf.messages(index, 1)]
    places = [
      (files[protobuf.number(place, 1) - 1], protobuf.number(place, 3))
      for place in protobuf.messages(index, 3)
    ]
    frames = [
      (places[protobuf.number(frame, 1) - 1], protobuf.number(frame, 2))
      for frame in protobuf.messages(index, 4)
    ]
    for i, ((file, line), caller) in enumerate(frames):
      found[i + 1] = f"{file}:{line}"
      while caller:
        (outer, at), caller = frames[caller - 1]
        if outer != file:
          found[i + 1] = f"{outer}:{at} > {file}:{line}"
          break
  return found


def _short(file: str) -> str:
  path = Path(file)
  return str(path.relative_to(_ROOT)) if path.is_relative_to(_ROOT) else path.name


def _kind(operation: str) -> str:
  """`fusion` of fusion.12: the numbers differ from program to program."""
  return re.sub(r"[._]\d+$", "", operation)
