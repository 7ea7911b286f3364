"""What a SLURM job does once its worker has ended; executors/slurm.py writes this command:

  python -m nmt.launching.requeue --workdir=W --code=75 --since=SECONDS --restarts=50

A worker that was asked to stop (75, or 143 before it could listen to that) has its job put into the
queue again, up to `restarts` times; then the run has failed, with that reason. A job that SLURM
takes away itself, because somebody cancelled it or something more urgent needs its place, is left
to SLURM.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

from nmt import cli, files
from nmt.arguments import Parser
from nmt.exit_codes import CONTINUE, DONE, FAILED
from nmt.launching.local import record_failure
from nmt.workdir import Workdir

PAUSES = (1.0, 5.0, 20.0)  # seconds before a command of SLURM's is tried again


def main(arguments: Sequence[str]) -> int:
  """Puts the job into the queue again, or records why the run failed; returns the exit code."""
  parser = Parser("launching.requeue", __doc__)
  parser.add_argument("--workdir", required=True, help="the run's folder")
  parser.add_argument("--code", required=True, type=int, help="the worker's exit code")
  parser.add_argument("--since", required=True, type=float, help="when the job began")
  parser.add_argument("--restarts", required=True, type=int, help="how often it may start again")
  given = parser.parse_args(arguments)
  home = Workdir(given.workdir)
  last = home.read_status()
  before = last if last.get("time", 0.0) < given.since else {}
  if given.code == DONE:
    return DONE
  if given.code not in (CONTINUE, 128 + signal.SIGTERM):
    record_failure(home, before, exit=given.code)
    return int(given.code)
  job = _name(os.environ)
  state = _answer("squeue", "--noheader", "--states=all", "--format=%T", f"--jobs={job}")
  if state != "RUNNING":
    return CONTINUE
  count = restarts(home, os.environ)
  if count >= given.restarts:
    times = "once" if count == 1 else f"{count} times"
    reason = f"stopped, and was started again {times} (--resources=restarts={given.restarts})"
    record_failure(home, before, reason=reason)
    return FAILED
  files.write_json(home.restarts, {"job": job, "count": count + 1})
  return CONTINUE if _answer("scontrol", "requeue", job) is None else DONE


def restarts(home: Workdir, environment: Mapping[str, str]) -> int:
  """How often the job of this environment has been put into the queue again by its worker."""
  if not home.restarts.exists():
    return 0
  found = files.read_json(home.restarts)
  return int(found["count"]) if found.get("job") == _name(environment) else 0


def _name(environment: Mapping[str, str]) -> str:
  """What SLURM calls the job, or the element of an array of jobs.

  The SLURM_JOB_ID of one of the elements means the whole array to SLURM's commands.
  """
  if "SLURM_ARRAY_JOB_ID" in environment:
    return f"{environment['SLURM_ARRAY_JOB_ID']}_{environment['SLURM_ARRAY_TASK_ID']}"
  return environment["SLURM_JOB_ID"]


def _answer(*command: str) -> str | None:
  """What a command of SLURM's prints, None if its controller can't be reached for a while."""
  for pause in (*PAUSES, 0.0):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0:
      return done.stdout.strip()
    print(done.stderr, end="", file=sys.stderr)
    time.sleep(pause)
  return None


if __name__ == "__main__":
  cli.entry(main)
