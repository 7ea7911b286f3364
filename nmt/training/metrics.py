"""What a run reports while it runs: JSON lines, TensorBoard events, and a line for the person."""

import contextlib
import json
import math
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from tensorboardX import summary
from tensorboardX.proto.event_pb2 import Event, SessionLog
from tensorboardX.record_writer import RecordWriter

from nmt.files import naming, replacing
from nmt.workdir import Workdir

_SHOWN = 60  # seconds until TensorBoard gets to see a point
_EVENTS = "events.out.tfevents."


class Metrics:
  """Appends to metrics.jsonl, the source of truth, and to TensorBoard's events; shows progress.

  A line is {"kind", "update", values..., "timing": {...}}. Everything but `timing` is the same to
  the bit in any run of this config with the same packages, processor and number of cores and
  devices, stopped or not; elsewhere sums are taken in another order, and the 8th digit may differ.
  Lines beyond `update`, where the run goes on, are removed, and so are validations beyond
  `validated`; of the lines that say that the run went back, the first `fallbacks` stay.
  """

  def __init__(
    self, workdir: Workdir, update: int, validated: int, updates: int, fallbacks: int = 0
  ):
    _truncate(workdir.metrics, update, validated, fallbacks)
    self._path, self._folder = workdir.metrics, workdir.tensorboard
    # Written here and now: tensorboardX's SummaryWriter has a thread for it, which dies of a full
    # disk with a stack trace, and then waits for it.
    workdir.tensorboard.mkdir(exist_ok=True)
    name = f"{_EVENTS}{_moment(workdir.tensorboard)}.{socket.gethostname()}"
    self._events = RecordWriter(str(workdir.tensorboard / name))
    self._event(0, file_version="brain.Event:2")
    self._drop(update)
    self._flushed = -math.inf
    self._updates, self._started = updates, (time.monotonic(), update)
    self._console = Console(stderr=True)
    self._bar = Progress(
      TextColumn("update"), MofNCompleteColumn(), BarColumn(), TimeElapsedColumn(),
      TextColumn("{task.fields[line]}"), console=self._console, disable=not sys.stderr.isatty(),
    )  # fmt: skip
    self._task = self._bar.add_task("", total=updates, completed=update, line="")

  def __enter__(self) -> "Metrics":
    self._bar.start()
    return self

  def __exit__(self, *error: object) -> None:
    self._bar.stop()
    # What ends the run is said by what ends it, which may be the disk that these points miss.
    with contextlib.suppress(*[OSError] * (error[0] is not None)):
      self._events.close()

  def write(self, kind: str, update: int, values: dict[str, Any], timing: dict[str, Any]) -> None:
    """One line to the file, and a point for each number to TensorBoard."""
    line = {"kind": kind, "update": update, **values, "timing": timing}
    with naming(self._path), open(self._path, "a", encoding="utf-8") as file:
      file.write(json.dumps(line) + "\n")
    for name, value in {**values, **timing}.items():
      if isinstance(value, int | float):
        self._event(update, summary=summary.scalar(f"{kind}/{name}", value))
    if time.monotonic() > self._flushed + _SHOWN:
      self._flush()

  def go_back(self, update: int, validated: int, fallbacks: int) -> None:
    """Removes lines as at the start of a session that goes on from `update`."""
    _truncate(self._path, update, validated, fallbacks)
    self._drop(update)
    self._started = time.monotonic(), update

  def sync(self) -> None:
    """Everything on disk, so that no checkpoint is ahead of its lines."""
    with open(self._path, "a", encoding="utf-8") as file:
      os.fsync(file.fileno())
    self._flush()

  def show(self, update: int, text: str) -> None:
    """The progress of training: a bar on a terminal, otherwise a line."""
    text = f"{text} · ETA {_clock(self.remaining(update))}"
    if self._bar.disable:
      print(f"update {update}/{self._updates} · {text}", file=sys.stderr, flush=True)
    else:
      self._bar.update(self._task, completed=update, line=text)

  def say(self, text: str) -> None:
    """A line that stays."""
    self._console.print(text, highlight=False, soft_wrap=True, markup=False)

  def _flush(self) -> None:
    with naming(self._folder):
      self._events.flush()
    self._flushed = time.monotonic()

  def _drop(self, update: int) -> None:
    """Has TensorBoard drop the points beyond `update` that were written before."""
    self._event(update + 1, session_log=SessionLog(status=SessionLog.START))

  def _event(self, update: int, **what: Any) -> None:
    event = Event(wall_time=time.time(), step=update, **what)
    with naming(self._folder):
      self._events.write(event.SerializeToString())

  def remaining(self, update: int) -> float:
    """Seconds until the last update, validations included, at the speed of this session."""
    began, first = self._started
    return (time.monotonic() - began) / max(update - first, 1) * (self._updates - update)


class Silent(Metrics):
  """Writes and shows nothing: process 0 does."""

  def __init__(self) -> None:
    pass

  def __enter__(self) -> "Silent":
    return self

  def __exit__(self, *error: object) -> None:
    pass

  def write(self, kind: str, update: int, values: dict[str, Any], timing: dict[str, Any]) -> None:
    pass

  def go_back(self, update: int, validated: int, fallbacks: int) -> None:
    pass

  def sync(self) -> None:
    pass

  def show(self, update: int, text: str) -> None:
    pass

  def say(self, text: str) -> None:
    pass


def _moment(folder: Path) -> int:
  """The time in seconds, or later than the names of all files before, should the clock go back.

  TensorBoard reads files in the order of their names, and one that is opened again is emptied.
  """
  names = [path.name.removeprefix(_EVENTS).split(".")[0] for path in folder.glob(f"{_EVENTS}*")]
  return max([int(time.time()), *(int(name) + 1 for name in names if name.isdecimal())])


def _clock(seconds: float) -> str:
  minutes, seconds = divmod(round(seconds), 60)
  hours, minutes = divmod(minutes, 60)
  return f"{hours}:{minutes:02}:{seconds:02}"


def _truncate(path: Path, update: int, validated: int, fallbacks: int) -> None:
  """Removes what an interrupted run wrote beyond the last update of each kind, and half lines."""
  last = {"train": update, "valid": validated, "fallback": fallbacks}
  if not path.exists():
    return
  kept = []
  for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
    try:
      found = json.loads(line)
      kind = found["kind"]
      if found["number" if kind == "fallback" else "update"] <= last[kind]:
        kept.append(line + "\n")
    except (ValueError, LookupError, TypeError):
      continue
  with replacing(path) as file:
    file.writelines(kept)
