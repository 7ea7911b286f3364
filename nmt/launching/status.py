"""How runs are doing, from their folders alone: python launch.py status --workdir=W [--json]

W is the folder of a run or of a sweep. States: waiting (not begun), queued (a cluster will start
it), running (a live process holds the folder), stopped (the same command goes on with it),
cancelled, failed, done. It changes nothing of the runs, wherever they are or were; with --json it
prints the same for another program.
"""

import dataclasses
import json
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nmt import cli, files
from nmt.arguments import Parser
from nmt.errors import UserError
from nmt.launching import executors
from nmt.launching.executors.base import Seen
from nmt.launching.flags import expand
from nmt.workdir import Workdir, in_use

if TYPE_CHECKING:
  from rich.table import Table

STATES = ("done", "running", "queued", "stopped", "cancelled", "failed", "waiting")
_TAIL = 1 << 15  # bytes of metrics.jsonl that hold the last line of training


@dataclasses.dataclass(frozen=True)
class Standing:
  """How one run is doing. What is not known is None.

  best: the best validation, by the name `metric`. speed: real target tokens a second.
  left: seconds of training to `updates`, without validations and test. reason: why it failed, or
  what a queued one waits for.
  time: when it last said something, in seconds since 1970.
  """

  name: str
  state: str
  update: int | None = None
  updates: int | None = None
  metric: str | None = None
  best: float | None = None
  speed: float | None = None
  left: float | None = None
  reason: str | None = None
  time: float | None = None


def standing(
  name: str, home: Workdir, held: bool | None = None, seen: Seen | None = None
) -> Standing:
  """Reads a run's folder.

  held: whether a live run holds it, for those who know. seen: what a cluster says of it.
  """
  status = home.read_status()
  state, reason = _state(home, status, home.held() if held is None else held, seen)
  best = dict(status.get("best") or {})
  best.pop("update", None)
  metric, score = next(iter(best.items()), (None, None))
  if score is not None and not math.isfinite(score):
    score = None  # JSON has no such number
  update, updates = status.get("update"), status.get("updates")
  timing = _timing(home.metrics)
  rate = timing.get("updates_per_second")
  left = None
  if state == "running" and update is not None and updates is not None and rate:
    left = max(0, updates - update) / rate
  speed = timing.get("target_tokens_per_second")
  time = status.get("time")
  return Standing(name, state, update, updates, metric, score, speed, left, reason, time)


def find(folder: Path) -> tuple[str | None, dict[str, Workdir]]:
  """The study's name, if it is a sweep, and the runs of a folder by name.

  Raises UserError if it holds none.
  """
  if not folder.is_dir():
    raise UserError(f"workdir {folder}: no such folder")
  home = Workdir(folder)
  within = sorted(path.parent.name for path in folder.glob("*/config.json"))
  study = None
  if home.study.exists():
    recorded = files.read_json(home.study)
    study = recorded.get("name")
    within = list(dict.fromkeys([*recorded.get("points", {}), *within]))
  elif home.config.exists():
    return None, {folder.resolve().name: home}
  if not within:
    raise UserError(f"workdir {folder} holds no run")
  return study, {name: Workdir(folder / name) for name in within}


def table(rows: Iterable[Standing], title: str | None = None) -> "Table":
  """The runs, a row each."""
  from rich import box
  from rich.markup import escape
  from rich.table import Table

  rows = list(rows)
  metrics = {row.metric for row in rows if row.metric}
  shown = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
  shown.add_column("run", overflow="fold")
  shown.add_column("state")
  best = f"best {metrics.pop()}" if len(metrics) == 1 else "best"
  for heading in ("update", best, "tokens/s", "left"):
    shown.add_column(heading, justify="right")
  if any(row.reason for row in rows):
    shown.add_column("reason", overflow="fold")
  for row in rows:
    cells = [escape(row.name), row.state, *_numbers(row)]
    shown.add_row(*cells, *([escape(row.reason or "")] if len(shown.columns) > len(cells) else []))
  return shown


def line(row: Standing) -> str:
  """The same in words, for a log: `update 500/1400, best bleu 31.2, 5,120 tokens/s, 2 min left`."""
  update, best, speed, left = _numbers(row)
  parts = [
    update and f"update {update}",
    best and f"best {row.metric} {best}",
    speed and row.state == "running" and f"{speed} tokens/s",
    left and f"{left} left",
  ]
  return ", ".join(part for part in parts if part)


def counts(rows: Iterable[Standing]) -> str:
  """How many runs are in each state: `3 done, 2 running, 5 waiting`."""
  states = [row.state for row in rows]
  return ", ".join(f"{states.count(state)} {state}" for state in STATES if state in states)


def duration(seconds: float) -> str:
  """`40 s`, `12 min`, `3 h 20 min`, `2 d 4 h`."""
  if seconds < 90:
    return f"{seconds:.0f} s"
  minutes = round(seconds / 60)
  if minutes < 90:
    return f"{minutes} min"
  hours, minutes = divmod(minutes, 60)
  return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def main(arguments: Sequence[str]) -> int:
  """Prints how the runs of a folder are doing; returns 0."""
  parser = Parser("status", __doc__)
  parser.prog = "python launch.py status"
  parser.add_argument("--workdir", required=True, type=Path, help="the folder of a run or a sweep")
  parser.add_argument("--json", action="store_true", help="print JSON")
  given = parser.parse_args(arguments)
  folder = expand(given.workdir)
  study, homes = find(folder)
  try:
    seen = executors.poll(folder, homes)
  except UserError as e:
    print(f"warning: {e}; this is what the folders say", file=sys.stderr)
    seen = {}
  live = in_use(homes)
  rows = [standing(name, home, name in live, seen.get(name)) for name, home in homes.items()]
  if given.json:
    runs = [dataclasses.asdict(row) for row in rows]
    found: dict[str, Any] = {"workdir": str(folder), "study": study, "runs": runs}
    print(json.dumps(found, indent=2, ensure_ascii=False))
    return 0
  cli.console().print(table(rows))
  print(counts(rows))
  return 0


def _state(
  home: Workdir, status: dict[str, Any], held: bool, seen: Seen | None
) -> tuple[str, str | None]:
  """One of STATES, and the reason for it if it is a bad one."""
  state = status.get("state")
  if held:
    return "running", None
  if seen is not None and seen.state in ("queued", "running", "cancelled"):
    return seen.state, seen.reason
  if seen is not None and seen.state in ("failed", "gone") and state != "failed":
    return "stopped" if seen.state == "gone" or state == "stopped" else "failed", seen.reason
  if not home.config.exists() or state is None:
    return "waiting", None
  if state == "running":
    return "stopped", "it ended without saying why (killed?)"
  if state == "failed":
    code = f"exit code {status['exit']}" if "exit" in status else "no reason given"
    return state, status.get("reason") or code
  return state, None


def _timing(metrics: Path) -> dict[str, float]:
  """The speeds of the last line of training; empty if there is none."""
  try:
    with open(metrics, "rb") as file:
      size = file.seek(0, 2)
      file.seek(max(0, size - _TAIL))
      lines = file.read().splitlines()
  except OSError:
    return {}
  for text in reversed(lines):
    try:
      found = json.loads(text)
      if found["kind"] == "train":
        timing: dict[str, float] = found["timing"]
        return timing
    except (ValueError, KeyError, TypeError):  # the first, cut in two, or the last, half written
      continue
  return {}


def _numbers(row: Standing) -> tuple[str, str, str, str]:
  of = "" if row.updates is None else f"/{row.updates}"
  return (
    "" if row.update is None else f"{row.update}{of}",
    "" if row.best is None else f"{row.best:.4g}",
    "" if row.speed is None else f"{row.speed:,.0f}",
    "" if row.left is None else duration(row.left),
  )
