"""What an executor is: it hands runs over to a cluster, says how they stand, and takes them back.

A file of this folder defines one and ends with `EXECUTOR = ItsClass`. The contract with workers:

  - The cluster runs `python -m nmt.train --workdir W` for each run, from the snapshot of the code.
    W has its config already. Exit code 0: done; 75: asked to stop, start it again; else failed.
  - The truth about a run is its W/status.json. What the cluster says (job states, exit codes) only
    fills in what that file can't know: queued, cancelled, gone.
  - A cluster that can't be asked is no cluster without the job: `poll` raises UserError then.
"""

import abc
import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

from nmt import files
from nmt.errors import UserError
from nmt.launching.resources import Resources
from nmt.workdir import Workdir

GONE = 180.0  # seconds that a job must be unknown to the cluster, without a break, to be lost

State = Literal["queued", "running", "done", "failed", "cancelled", "gone"]
LIVE = ("queued", "running")  # those that are not submitted again


class Seen(NamedTuple):
  """How a run stands. queued: it will start, for the first time or again. reason: if it is bad."""

  state: State
  reason: str | None = None


@dataclasses.dataclass(frozen=True)
class Submission:
  """What is handed over.

  folder: W of the sweep or the run, absolute. homes: the folder of each run, absolute, by name.
  code: the snapshot that workers run from. id: the ticket's. parallel: runs at once, None: all.
  flags: for the workers. study: what the runs are called together.
  """

  folder: Path
  homes: Mapping[str, Workdir]
  resources: Resources
  code: Path
  id: str
  parallel: int | None = None
  flags: tuple[str, ...] = ()
  study: str = "nmt"


@dataclasses.dataclass
class Ticket:
  """What was handed over: W/tickets/<id>.json.

  runs: the job of each run, by name, in the executor's words. cancelled: names of runs that
  `launch.py cancel` has cancelled. submitted: in seconds since 1970. snapshot: the code's folder.
  before: the time in the status.json of those runs that had one by then.
  """

  folder: Path  # W; it is no part of the file, so that W can be moved
  id: str
  executor: str
  runs: dict[str, str]
  resources: dict[str, Any]
  submitted: float
  snapshot: str
  before: dict[str, float] = dataclasses.field(default_factory=dict)
  cancelled: list[str] = dataclasses.field(default_factory=list)

  @classmethod
  def of(cls, order: Submission, executor: str, runs: dict[str, str]) -> "Ticket":
    """That of a submission which is made now; not saved yet."""
    wish, code = order.resources.flat(), str(order.code)
    told = {name: home.read_status() for name, home in order.homes.items()}
    before = {name: status["time"] for name, status in told.items() if "time" in status}
    return cls(order.folder, order.id, executor, runs, wish, time.time(), code, before)

  def save(self) -> None:
    """Writes it under W."""
    place = Workdir(self.folder).tickets
    Workdir(place).make()
    value = dataclasses.asdict(self)
    del value["folder"]
    files.write_json(place / f"{self.id}.json", value)


def tickets(folder: Path) -> list[Ticket]:
  """Those of the folder W, the oldest first; UserError for a damaged one."""
  found = []
  for path in sorted(Workdir(folder).tickets.glob("[0-9]*.json")):
    value = files.read_json(path)
    try:
      found.append(Ticket(folder, **value))
    except TypeError:
      raise UserError(f"{path} is no ticket of this version of nmt") from None
  return sorted(found, key=lambda ticket: (ticket.submitted, ticket.id))


def new_id(folder: Path) -> str:
  """The name of the next ticket of the folder W: the time, UTC, and a number where it is taken."""
  stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
  number = 1
  while True:
    name = stamp if number == 1 else f"{stamp}-{number}"
    if not any(Workdir(folder).tickets.glob(f"{name}.*")):
      return name
    number += 1


class Executor(abc.ABC):
  """One kind of cluster. It keeps nothing in memory between calls: all is in the ticket."""

  # Keys of --resources that this executor has beside the common ones, with what each means.
  OWN: ClassVar[Mapping[str, str]] = {}

  @property
  def name(self) -> str:
    """What --executor calls it: its file's name."""
    return type(self).__module__.rpartition(".")[2]

  @abc.abstractmethod
  def files(self, order: Submission) -> dict[str, str]:
    """The scripts or manifests by file name: what --dry-run prints and `submit` submits.

    It needs no cluster, so that a dry run works anywhere.
    """

  @abc.abstractmethod
  def check(self, order: Submission) -> None:
    """Raises UserError, in one line, for what the cluster would refuse; changes nothing."""

  @abc.abstractmethod
  def submit(self, order: Submission) -> Ticket:
    """Hands the runs over and returns the ticket, saved; `check` has passed, all are claimed.

    The scripts are kept in W/tickets/<id>.<file name>. Where a part was handed over before an
    error, the ticket of that part is saved.
    """

  @abc.abstractmethod
  def poll(self, ticket: Ticket, homes: Mapping[str, Workdir]) -> dict[str, Seen]:
    """How the runs of a ticket stand, those named by `homes` alone.

    Raises UserError if the cluster can't be asked.
    """

  @abc.abstractmethod
  def cancel(self, ticket: Ticket, names: Iterable[str]) -> None:
    """Asks the cluster to stop these runs, and not to start them again; UserError if it can't."""


def settled(home: Workdir, before: float | None) -> Seen | None:
  """What the run's own file says for good, None if the cluster has to be asked.

  before: the time in that file as the run was submitted. A failure of that time is an earlier
  attempt's; whether it is earlier than another machine's clock would say nothing.
  """
  status = home.read_status()
  if status.get("state") == "done":
    return Seen("done")
  if status.get("state") == "failed" and status.get("time") != before:
    return Seen("failed", status.get("reason"))
  return None


def stand(
  ticket: Ticket,
  homes: Mapping[str, Workdir],
  look: Callable[[Sequence[str]], Mapping[str, Seen]],
) -> dict[str, Seen]:
  """How the runs of a ticket stand, as `Executor.poll` has to say it.

  look: what the cluster says of the runs of some names, without those that it does not know.
  """
  found: dict[str, Seen] = {}
  for name, home in homes.items():
    seen = settled(home, ticket.before.get(name))
    if seen is None and name in ticket.cancelled:
      seen = Seen("cancelled")
    if seen is not None:
      found[name] = seen
  asked = [name for name in homes if name not in found]
  known = look(asked) if asked else {}
  absent = [name for name in asked if name not in known]
  gone = [name for name, time in Absence(ticket).seconds(absent).items() if time >= GONE]
  for name in asked:
    unknown = Seen(
      "gone" if name in gone else "queued", f"job {ticket.runs[name]} is unknown there"
    )
    # A run may have ended between the two questions.
    found[name] = settled(homes[name], ticket.before.get(name)) or known.get(name, unknown)
  return {name: found[name] for name in homes}


class Absence:
  """For how long jobs of a ticket have been unknown to the cluster, without a break.

  A cluster forgets a job for a while as it is requeued or its controller restarts. Who asks is a
  new process each time, so the first time of each absence is kept beside the ticket.
  """

  def __init__(self, ticket: Ticket):
    self._path = Workdir(ticket.folder).tickets / f".{ticket.id}.absent"

  def seconds(self, absent: Iterable[str], now: float | None = None) -> dict[str, float]:
    """Notes that these runs are unknown, and no others; returns since when each is, in seconds."""
    now = time.time() if now is None else now
    before: dict[str, float] = files.read_json(self._path) if self._path.exists() else {}
    first = {name: min(now, before.get(name, now)) for name in absent}
    if first != before:
      # In another's folder nothing can be noted: absent jobs are queued there, never lost.
      with contextlib.suppress(OSError):
        files.write_json(self._path, first)
    return {name: now - since for name, since in first.items()}
