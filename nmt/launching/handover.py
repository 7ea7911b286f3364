"""Hands runs over to a cluster and takes them back: launch.py --executor=..., launch.py cancel."""

import contextlib
import dataclasses
import fnmatch
import os
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ml_collections import ConfigDict

from nmt.arguments import Parser
from nmt.errors import UserError, nearest
from nmt.exit_codes import DONE, FAILED
from nmt.launching import claim, executors, rounds, snapshot, status, sweep
from nmt.launching.executors import base
from nmt.launching.executors.base import Executor, Seen, Submission
from nmt.launching.flags import Order, expand
from nmt.launching.resources import Resources
from nmt.workdir import InUse, Workdir, in_use


@dataclasses.dataclass(frozen=True)
class Runs:
  """A run or the points of a study: their folders and configs by name. folder: W, absolute."""

  folder: Path
  homes: Mapping[str, Workdir]
  configs: Mapping[str, ConfigDict]
  study: sweep.Study | None

  @classmethod
  def of(cls, order: Order, study: sweep.Study | None) -> "Runs":
    """Those that an order means, `study` read if it has one."""
    folder = Path(os.path.abspath(order.workdir))
    if study is None:
      name = folder.resolve().name
      return cls(folder, {name: Workdir(folder)}, {name: order.config}, None)
    homes = {name: Workdir(folder / name) for name in study.points}
    return cls(folder, homes, study.points, study)


def submit(runs: Runs, order: Order, flags: Sequence[str]) -> int:
  """Submits those that are neither done nor submitted already; returns the exit code.

  flags: for the workers. With order.dry_run it prints what it would submit, and does nothing.
  """
  executor = executors.find(order.executor)
  assert order.resources is not None
  seen = _seen(runs, order)
  chosen = _choose(runs.homes, order.only, seen)
  states, refused = rounds.look({name: runs.homes[name] for name in chosen}, runs.configs)
  names = [name for name in states if _what(name, states, seen)[1]]
  wish = _submission(runs, names, order, flags, order.resources)
  if order.dry_run:
    return _preview(runs, chosen, states, refused, seen, executor, wish)
  for reason in refused.values():
    print(f"error: {reason}", file=sys.stderr)
  if names:
    executor.check(wish)
    with _tickets(runs.folder):
      seen = _seen(runs, order)  # another may have submitted, meanwhile
      names = [name for name in names if _what(name, states, seen)[1]]
      code = snapshot.take(runs.folder)
      if runs.study is not None:
        sweep.record(runs.study, runs.folder)
      names = [name for name in names if _claim(runs, name, order.resources, code, refused)]
      if names:
        homes = {name: runs.homes[name] for name in names}
        id = base.new_id(runs.folder)
        ticket = executor.submit(dataclasses.replace(wish, homes=homes, code=code, id=id))
        jobs = sorted({job.partition("_")[0] for job in ticket.runs.values()} - {""})
        shown = f" (job {', '.join(jobs)})" if 0 < len(jobs) <= 3 else ""
        print(f"{_count(names)} submitted to {executor.name}{shown}", flush=True)
  for name in chosen:
    if name not in names and name not in refused:
      print(f"{runs.homes[name]}: {_what(name, states, seen)[0]}", flush=True)
  place = shlex.quote(str(order.workdir))
  if names or any(one.state in base.LIVE for one in seen.values()):
    print(f"how they are doing: python launch.py status --workdir={place}", flush=True)
  elif runs.study is not None and not refused:
    return rounds.finish(runs.study, runs.folder, rounds.Round(runs.study, runs.folder))
  return FAILED if refused else DONE


def _seen(runs: Runs, order: Order) -> dict[str, Seen]:
  """How runs stand that were handed over before, or are at work; a dry run needs no cluster."""
  found: dict[str, Seen] = {}
  try:
    found = executors.poll(runs.folder, runs.homes)
  except UserError as e:
    if not order.dry_run:
      raise
    print(f"warning: {e}; this is what the folders say", file=sys.stderr)
  return found | dict.fromkeys(in_use(runs.homes), Seen("running"))


def _submission(
  runs: Runs, names: Sequence[str], order: Order, flags: Sequence[str], resources: Resources
) -> Submission:
  return Submission(
    folder=runs.folder,
    homes={name: runs.homes[name] for name in names},
    resources=resources,
    code=Workdir(runs.folder).code / snapshot.name(runs.folder),
    id=base.new_id(runs.folder),
    parallel=order.parallel,
    flags=tuple(flags),
    study=runs.folder.name if runs.study is None else runs.study.name,
  )


def _claim(
  runs: Runs, name: str, resources: Resources, code: Path, refused: dict[str, str]
) -> bool:
  """Makes the run's folder its own, for the workers that come; False where it can't be."""
  try:
    return claim.claim(runs.homes[name], runs.configs[name], resources.cpus, code) != "done"
  except InUse:
    return False  # it is running: `_what` says so
  except (UserError, OSError) as e:
    refused[name] = str(e)
    print(f"error: {e}", file=sys.stderr)
    return False


def _what(name: str, states: Mapping[str, str], seen: Mapping[str, Seen]) -> tuple[str, bool]:
  """What is to become of a run, in words, and whether it is to be submitted."""
  if states[name] == "done":
    return "finished already", False
  if name in seen and seen[name].state in base.LIVE:
    return f"{seen[name].state} already", False
  return "start" if states[name] == "new" else "continue", True


def _preview(
  runs: Runs,
  chosen: Sequence[str],
  states: Mapping[str, str],
  refused: Mapping[str, str],
  seen: Mapping[str, Seen],
  executor: Executor,
  wish: Submission,
) -> int:
  for name in chosen:
    told = f"refused: {refused[name]}" if name in refused else None
    print(f"{name}: {told or _what(name, states, seen)[0]}")
  print(f"{_count(runs.homes)} in {runs.folder}, {len(wish.homes)} to submit to {executor.name}")
  if wish.homes:
    for name, text in executor.files(wish).items():
      print(f"\n== {Workdir(runs.folder).tickets / wish.id}.{name}\n{text}", end="")
  return FAILED if refused else DONE


def _choose(homes: Mapping[str, Workdir], only: str | None, seen: Mapping[str, Seen]) -> list[str]:
  if only != "failed":
    return rounds.choose(homes, only)
  rows = (status.standing(name, home, False, seen.get(name)) for name, home in homes.items())
  return [row.name for row in rows if row.state == "failed"]


@contextlib.contextmanager
def _tickets(folder: Path) -> Iterator[None]:
  """Holds the tickets of the folder W for this process; UserError while another has them."""
  with contextlib.ExitStack() as stack:
    try:
      stack.enter_context(Workdir(Workdir(folder).tickets).lock())
    except InUse:
      raise UserError(f"another launch.py is at work on {folder}; wait for it") from None
    yield


def _count(names: Sequence[str] | Mapping[str, object]) -> str:
  return "1 run" if len(names) == 1 else f"{len(names)} runs"


def cancel(arguments: Sequence[str]) -> int:
  """Cancels runs of a folder that are in a cluster's hands; returns the exit code."""
  text = "Cancels the runs of a folder that a cluster has queued or is running."
  parser = Parser("cancel", text)
  parser.prog = "python launch.py cancel"
  parser.add_argument("--workdir", required=True, type=Path, help="the folder of a run or a sweep")
  parser.add_argument("--only", help="a pattern of the names of runs: those alone")
  given = parser.parse_args(arguments)
  folder = Path(os.path.abspath(expand(given.workdir)))
  _, homes = status.find(folder)
  if given.only is not None:
    names = fnmatch.filter(homes, given.only)
    if not names:
      raise UserError(f"--only={given.only}: no run is called so{nearest(given.only, homes)}")
    homes = {name: homes[name] for name in names}
  if not any(executors.newest(folder, homes)):
    raise UserError(f"workdir {folder}: no run was handed over to a cluster")
  count = 0
  with _tickets(folder):
    for ticket, names in executors.newest(folder, homes):
      executor = executors.find(ticket.executor)
      seen = executor.poll(ticket, {name: homes[name] for name in names})
      live = [name for name in names if seen[name].state in base.LIVE]
      if live:
        executor.cancel(ticket, live)
        ticket.cancelled += live
        ticket.save()
      for name in live:
        print(f"{homes[name]}: cancelled", flush=True)
      count += len(live)
  print(f"{count} of {_count(homes)} cancelled")
  return DONE
