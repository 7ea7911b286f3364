"""What a run reports while it runs: JSON lines, TensorBoard events, and a line for the person."""

import json
import os
import sys
import time
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from tensorboardX import SummaryWriter

from nmt.workdir import Workdir, replacing


class Metrics:
  """Appends to metrics.jsonl, the source of truth, and to TensorBoard's events; shows progress.

  A line is {"kind", "update", values..., "timing": {...}}. Everything but `timing` is the same
  in any run of this config; lines beyond `update`, from which the run goes on, are removed.
  """

  def __init__(self, workdir: Workdir, update: int, updates: int):
    _truncate(workdir, update)
    self._path = workdir.metrics
    self._events = SummaryWriter(str(workdir.tensorboard), purge_step=update + 1)
    self._updates, self._started = updates, (time.monotonic(), update)
    self._console = Console(stderr=True)
    self._bar = Progress(
      TextColumn("update"), MofNCompleteColumn(), BarColumn(), TimeElapsedColumn(),
      TextColumn("{task.fields[line]}"), console=self._console, disable=not sys.stderr.isatty(),
    )  # fmt: skip
    self._task = self._bar.add_task("", total=updates, completed=update, line="")

  def __enter__(self) -> Self:
    self._bar.start()
    return self

  def __exit__(self, *error: object) -> None:
    self._bar.stop()
    self._events.close()

  def write(self, kind: str, update: int, values: dict[str, Any], timing: dict[str, Any]) -> None:
    """One line to the file, and a point for each number to TensorBoard."""
    line = {"kind": kind, "update": update, **values, "timing": timing}
    with open(self._path, "a", encoding="utf-8") as file:
      file.write(json.dumps(line) + "\n")
    for name, value in {**values, **timing}.items():
      if isinstance(value, int | float):
        self._events.add_scalar(f"{kind}/{name}", value, update)

  def sync(self) -> None:
    """Everything on disk, so that no checkpoint is ahead of its lines."""
    with open(self._path, "a", encoding="utf-8") as file:
      os.fsync(file.fileno())

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

  def remaining(self, update: int) -> float:
    """Seconds until the last update, validations included, at the speed of this session."""
    began, first = self._started
    return (time.monotonic() - began) / max(update - first, 1) * (self._updates - update)


def _clock(seconds: float) -> str:
  minutes, seconds = divmod(round(seconds), 60)
  hours, minutes = divmod(minutes, 60)
  return f"{hours}:{minutes:02}:{seconds:02}"


def _truncate(workdir: Workdir, update: int) -> None:
  """Removes what an interrupted run wrote beyond `update`, half-written lines included."""
  if not workdir.metrics.exists():
    return
  kept = []
  for line in workdir.metrics.read_text(encoding="utf-8", errors="replace").splitlines():
    try:
      if json.loads(line)["update"] <= update:
        kept.append(line + "\n")
    except ValueError:
      continue
  with replacing(workdir.metrics) as beside:
    beside.write_text("".join(kept), encoding="utf-8")
