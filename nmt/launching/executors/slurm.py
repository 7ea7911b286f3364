"""SLURM: a sweep is one array of jobs, which put themselves into the queue again until done.

A job's script starts the worker by srun, because that is what SLURM's warning before the time
limit reaches (--signal without B: goes to job steps, not to the script). The worker saves and exits
75, and nmt/launching/requeue.py calls `scontrol requeue`. How a job stands is read from squeue and,
where there is accounting, from sacct.
"""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from nmt import files
from nmt.errors import UserError
from nmt.launching import local
from nmt.launching.executors.base import Executor, Seen, Submission, Ticket, stand
from nmt.launching.resources import Resources
from nmt.workdir import Workdir

MAX_ARRAY = 1001  # MaxArraySize of a SLURM that nobody has configured
GRACE = 120  # seconds between the request to stop and the time limit
_MOST_IDS = 500  # on one command line
_VARIABLES = ("SLURM_CONF", "SLURM_CLUSTERS")  # of who submits

# In squeue these wait for their turn.
_QUEUED = (
  *("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT"),
  *("RESV_DEL_HOLD", "PREEMPTED", "NODE_FAIL", "BOOT_FAIL", "RESIZING", "REVOKED"),
)
# In accounting alone, these are old rows, or of an attempt after which SLURM starts another.
_UNSURE = (*_QUEUED, "RUNNING", "SUSPENDED")


class Row(NamedTuple):
  """A job as squeue or sacct lists it."""

  job: str
  state: str
  reason: str = ""


class Slurm(Executor):
  """Runs as jobs of SLURM's batch system."""

  OWN: ClassVar = {
    "partition": "--partition of sbatch",
    "account": "--account",
    "qos": "--qos",
    "constraint": "--constraint",
    "reservation": "--reservation",
    "nodelist": "--nodelist",
    "exclude": "--exclude",
    "grace": f"seconds between the request to stop and the time limit (default: {GRACE})",
  }

  def files(self, order: Submission) -> dict[str, str]:
    parts = list(_parts(list(order.homes), _max_array()))
    names = ["sh"] if len(parts) == 1 else [f"{n}.sh" for n in range(1, len(parts) + 1)]
    return {name: script(order, part) for name, part in zip(names, parts, strict=True)}

  def check(self, order: Submission) -> None:
    for tool in ("sbatch", "squeue", "scancel", "scontrol"):
      if shutil.which(tool) is None:
        raise UserError(f"{tool} is not on PATH; start this where SLURM's commands are")
    for text in self.files(order).values():
      tried = _run("sbatch", "--test-only", stdin=text)
      if tried.returncode:
        raise UserError(f"SLURM would refuse these jobs: {_said(tried)}")

  def submit(self, order: Submission) -> Ticket:
    ticket = Ticket.of(order, self.name, {})
    place = Workdir(order.folder).tickets
    Workdir(place).make()
    names = list(order.homes)
    parts = list(_parts(names, _max_array()))
    job = ""
    for part, (name, text) in zip(parts, self.files(order).items(), strict=True):
      path = place / f"{order.id}.{name}"
      with files.replacing(path) as file:
        file.write(text)
      # %P of an array counts its own jobs alone, so the next array waits for this one.
      after = [f"--dependency=afterany:{job}"] if job and order.parallel else []
      done = _run("sbatch", "--parsable", *after, str(path))
      job = done.stdout.strip().partition(";")[0]
      if done.returncode or not job.isdecimal():
        kept = "; the arrays before it are submitted" if ticket.runs else ""
        raise UserError(f"sbatch refused {path}: {_said(done)}{kept}")
      single = len(names) == 1
      ticket.runs |= {one: job if single else f"{job}_{n}" for n, one in enumerate(part)}
      ticket.save()
    return ticket

  def poll(self, ticket: Ticket, homes: Mapping[str, Workdir]) -> dict[str, Seen]:
    def look(names: Sequence[str]) -> dict[str, Seen]:
      jobs = {name: ticket.runs[name] for name in names}
      numbers = sorted({job.partition("_")[0] for job in jobs.values()}, key=int)
      rows = squeue(numbers)
      if any(job not in rows for job in jobs.values()):
        past = {job: row for job, row in sacct(numbers).items() if row.state not in _UNSURE}
        rows = past | rows
      return {name: _seen(rows[job]) for name, job in jobs.items() if job in rows}

    return stand(ticket, homes, look)

  def cancel(self, ticket: Ticket, names: Iterable[str]) -> None:
    jobs = [ticket.runs[name] for name in names]
    for start in range(0, len(jobs), _MOST_IDS):
      done = _run("scancel", *jobs[start : start + _MOST_IDS])
      if done.returncode:
        raise UserError(f"scancel: {_said(done)}")


def script(order: Submission, part: Sequence[str]) -> str:
  """The batch script of some runs of a submission: one job, or an array of a job each."""
  wish = order.resources
  single = len(order.homes) == 1
  limit = f"%{order.parallel}" if order.parallel else ""
  log = f"{Workdir(order.folder).tickets}/{order.id}.".replace("%", "%%")
  options = {
    "job-name": re.sub(r"[^\w.-]", "_", order.study),
    "array": None if single else f"0-{len(part) - 1}{limit}",
    "output": _quoted(log + ("%j.log" if single else "%A_%a.log")),
    "nodes": wish.nodes,
    "ntasks-per-node": wish.tasks,
    "cpus-per-task": _cpus(wish),
    "gres": wish.gpus and ":".join(filter(None, ("gpu", wish.gpu, str(wish.gpus)))),
    "mem": wish.memory,
    "time": wish.time and _clock(wish.time),
    "signal": f"TERM@{_grace(wish)}",
    **{key: _quoted(value) for key, value in wish.own.items() if key != "grace"},
  }
  lines = [f"#SBATCH --{key}={value}" for key, value in options.items() if value]
  homes = [shlex.quote(str(order.homes[name])) for name in part]
  listed = "\n".join(["runs=(", *(f"  {home}" for home in homes), ")"])
  choice = f"run={homes[0]}" if single else f"{listed}\nrun=${{runs[$SLURM_ARRAY_TASK_ID]}}"
  tasks = wish.nodes * wish.tasks
  srun = ["srun", f"--ntasks={tasks}"]
  srun += [f"--cpus-per-task={_cpus(wish)}"] if wish.cpus else []
  # One that ends first, by a request to stop, does not end the others before they have saved.
  srun += ["--label", "--kill-on-bad-exit=0", "--wait=0"] if tasks > 1 else []
  worker = shlex.join([*local.WORKER, "--workdir"])
  flags = "".join(f" {shlex.quote(flag)}" for flag in order.flags)
  python = shlex.quote(local.WORKER[0])
  code = shlex.quote(str(order.code))
  return f"""#!/bin/bash
{chr(10).join(lines)}
#SBATCH --requeue
#SBATCH --open-mode=append

{choice}
cd {code} || exit
export PYTHONPATH={code}${{PYTHONPATH:+:$PYTHONPATH}}

# The worker is told to stop as well, and this script has to see how it ends.
trap : TERM
since=$EPOCHSECONDS
{shlex.join(srun)} {worker} "$run"{flags} >>"$run/log" 2>&1
code=$?
exec {python} -m nmt.launching.requeue --workdir="$run" \\
  --code=$code --since=$since --restarts={wish.restarts}
"""


def squeue(numbers: Sequence[str]) -> dict[str, Row]:
  """What the controller knows of these jobs, by job or element of an array (`12_3`)."""
  options = ("--noheader", "--array", "--states=all", "--format=%i|%T|%r")
  done = _run("squeue", *options, f"--jobs={','.join(numbers)}")
  if done.returncode and "Invalid job id" not in done.stderr:  # all of them were forgotten
    raise UserError(f"SLURM can't be asked: squeue: {_said(done)}")
  rows = (Row(*line.split("|", 2)) for line in done.stdout.splitlines() if line.count("|") >= 2)
  return {row.job: row for row in rows}


def sacct(numbers: Sequence[str]) -> dict[str, Row]:
  """What accounting knows of them; nothing where there is none.

  A job that was put into the queue again has a row for each attempt: the newest one counts.
  """
  options = ("--noheader", "--parsable2", "--allocations", "--duplicates")
  try:
    done = _run("sacct", *options, "--format=JobID,State,Submit", f"--jobs={','.join(numbers)}")
  except UserError:
    return {}
  rows = [line.split("|") for line in done.stdout.splitlines() if line.count("|") == 2]
  rows.sort(key=lambda row: row[2])  # ISO times; rows of one time stay in order
  return {job: Row(job, state) for job, state, _ in rows}


def _seen(row: Row) -> Seen:
  state = row.state.partition(" ")[0]  # accounting says who: `CANCELLED by 1000`
  if state == "CANCELLED":
    return Seen("cancelled")
  if state == "COMPLETED":
    return Seen("gone", f"job {row.job} ended, but the run has not")
  if state in ("FAILED", "TIMEOUT", "OUT_OF_MEMORY", "DEADLINE"):
    return Seen("failed", f"job {row.job}: {state}")
  reason = None if row.reason in ("", "None") else row.reason
  return Seen("queued", reason) if state in _QUEUED else Seen("running")


def _parts(names: list[str], most: int) -> Iterator[list[str]]:
  """As few arrays as SLURM takes so many jobs in."""
  for start in range(0, len(names), most):
    yield names[start : start + most]


def _max_array() -> int:
  """How many jobs an array may have here."""
  if shutil.which("scontrol") is None:
    return MAX_ARRAY
  found = re.search(r"^MaxArraySize\s*=\s*(\d+)", _run("scontrol", "show", "config").stdout, re.M)
  return max(1, int(found[1])) if found else MAX_ARRAY


def _cpus(wish: Resources) -> int | None:
  if wish.cpus is None:
    return None
  if wish.cpus % wish.tasks:
    raise UserError(f"--resources: cpus={wish.cpus} can't be shared among tasks={wish.tasks}")
  return wish.cpus // wish.tasks


def _grace(wish: Resources) -> int:
  text = wish.own.get("grace", str(GRACE))
  if not text.isdecimal() or not 1 <= int(text) <= 65535:
    raise UserError(f"--resources: grace={text} is not a number of seconds from 1 to 65535")
  return int(text)


def _clock(seconds: int) -> str:
  minutes = -(-seconds // 60)
  return f"{minutes // 60}:{minutes % 60:02}:00"


def _quoted(text: str) -> str:
  """As sbatch reads it in a script, where a space or a # would end it."""
  if re.fullmatch(r"[\w./%+,=@:-]+", text):
    return text
  return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _run(*command: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
  # Within an allocation (a terminal of an interactive job), its own variables would be options.
  kept = {k: v for k, v in os.environ.items() if k[:6] != "SLURM_" or k in _VARIABLES}
  pipes: dict[str, Any] = {"input": stdin or "", "capture_output": True, "text": True}
  try:
    return subprocess.run(command, **pipes, timeout=120, env=kept)
  except FileNotFoundError:
    raise UserError(f"{command[0]} is not on PATH; start this where SLURM's commands are") from None
  except subprocess.TimeoutExpired:
    raise UserError(f"SLURM can't be asked: {command[0]} gave no answer in 120 seconds") from None


def _said(done: subprocess.CompletedProcess[str]) -> str:
  """What a command of SLURM's complained of, in a line."""
  lines = [re.sub(r"^\w+: (error: )?", "", line) for line in done.stderr.splitlines()]
  return "; ".join(dict.fromkeys(filter(None, map(str.strip, lines)))) or f"exit {done.returncode}"


EXECUTOR = Slurm
