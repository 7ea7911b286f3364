"""SkyPilot: each run is a managed job on machines of whichever cloud has them.

A job that exits with 75 is started again, as one whose spot machine was taken away always is; one
that exits with anything else has failed. W lies in a bucket, which is mounted at the same path here
and there. Workers copy the snapshot of the code from it: SkyPilot would upload a folder without
what git ignores, and W is often among that.
Fields: https://docs.skypilot.co/en/latest/reference/yaml-spec.html
"""

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from nmt.errors import UserError
from nmt.exit_codes import CONTINUE
from nmt.files import replacing
from nmt.launching.executors import base
from nmt.launching.executors._commands import called, documents, mounted, needed, run
from nmt.launching.executors.base import Executor, Seen, Submission, Ticket, stand
from nmt.launching.resources import Resources
from nmt.workdir import Workdir

_STATES: dict[str, base.State] = {
  "SUCCEEDED": "gone",  # the run's own file does not say that it is done
  "CANCELLED": "cancelled",
  "CANCELLING": "cancelled",
  **dict.fromkeys(("RUNNING", "WINDING_DOWN"), "running"),
  **dict.fromkeys(("PENDING", "SUBMITTED", "STARTING", "RECOVERING"), "queued"),
}


class SkyPilot(Executor):
  """Runs as managed jobs of SkyPilot."""

  OWN: ClassVar = {
    "bucket": "the bucket in which W lies, such as gs://name or s3://name",
    "mount": "where it is mounted, here and on the machines",
    "infra": "the cloud, such as gcp/us-central1 (default: the cheapest)",
    "tpu": "a TPU slice in the place of GPUs, such as v6e-8",
    "spot": "yes: machines that may be taken away, and are cheaper",
    "image": "a machine image or docker:..., with what nmt needs (default: installs that)",
  }

  def files(self, order: Submission) -> dict[str, str]:
    found = {}
    for number, name in enumerate(order.homes, 1):
      file = "yaml" if len(order.homes) == 1 else f"{number}.yaml"
      found[file] = documents(task(order, name))
    return found

  def check(self, order: Submission) -> None:
    needed("sky")
    self.files(order)

  def submit(self, order: Submission) -> Ticket:
    ticket = Ticket.of(order, self.name, {})
    place = Workdir(order.folder).tickets
    Workdir(place).make()
    for name, (ending, text) in zip(order.homes, self.files(order).items(), strict=True):
      path = place / f"{order.id}.{ending}"
      with replacing(path) as file:
        file.write(text)
      job = called(order, name)
      run("sky", "jobs", "launch", "--yes", "--detach-run", f"--name={job}", str(path))
      ticket.runs[name] = job
      ticket.save()
    return ticket

  def poll(self, ticket: Ticket, homes: Mapping[str, Workdir]) -> dict[str, Seen]:
    def look(names: Sequence[str]) -> dict[str, Seen]:
      rows = {row["job_name"]: row for row in _queue()}
      jobs = {name: ticket.runs[name] for name in names}
      return {name: _seen(rows[job]) for name, job in jobs.items() if job in rows}

    return stand(ticket, homes, look)

  def cancel(self, ticket: Ticket, names: Iterable[str]) -> None:
    for name in names:
      run("sky", "jobs", "cancel", "--yes", f"--name={ticket.runs[name]}")


def task(order: Submission, name: str) -> dict[str, Any]:
  """The managed job of a run."""
  wish = order.resources
  own = wish.own
  mount = mounted(order, "bucket")
  for key, given in (("tasks", wish.tasks != 1), ("time", wish.time is not None)):
    if given:
      raise UserError(f"--resources: {key} is nothing that SkyPilot can be told")
  if order.parallel is not None:
    raise UserError("--parallel is nothing that SkyPilot can be told")
  resources = {
    "infra": own.get("infra"),
    "accelerators": _accelerators(wish),
    "cpus": wish.cpus and f"{wish.cpus}+",
    "memory": wish.memory and f"{_gigabytes(wish.memory)}+",
    "use_spot": _yes(own, "spot"),
    "image_id": own.get("image"),
    "job_recovery": {"max_restarts_on_errors": 0, "recover_on_exit_codes": [CONTINUE]},
  }
  return {
    "name": called(order, name),
    "num_nodes": wish.nodes,
    "resources": {key: value for key, value in resources.items() if value},
    "file_mounts": {mount: {"source": own["bucket"], "mode": "MOUNT"}},
    "setup": _setup(order),
    "run": _run(order, name),
  }


def _setup(order: Submission) -> str:
  wish = order.resources
  copy = f"rm -rf ~/nmt-code\ncp -r {shlex.quote(str(order.code))} ~/nmt-code\n"
  if wish.own.get("image"):
    return f"set -e\n{copy}"
  extra = "[tpu]" if "tpu" in wish.own else "[cuda12]" if wish.gpus else ""
  return f"""set -e
{copy}python3 -m pip install --quiet uv
python3 -m uv venv --quiet --clear --python 3.12 ~/nmt-env
python3 -m uv pip install --quiet --python ~/nmt-env/bin/python "$HOME/nmt-code{extra}"
"""


def _run(order: Submission, name: str) -> str:
  python = "python" if order.resources.own.get("image") else "~/nmt-env/bin/python"
  worker = shlex.join(["-m", "nmt.train", "--workdir", str(order.homes[name]), *order.flags])
  return f"""cd ~/nmt-code || exit
export PYTHONPATH=$PWD PYTHONUNBUFFERED=1
if [ "$SKYPILOT_NUM_NODES" -gt 1 ]; then  # the hosts of a TPU slice count as well
  export JAX_COORDINATOR_ADDRESS=$(echo "$SKYPILOT_NODE_IPS" | head -n 1)
  export JAX_PROCESS_COUNT=$SKYPILOT_NUM_NODES JOB_COMPLETION_INDEX=$SKYPILOT_NODE_RANK
fi
exec {python} {worker}
"""


def _accelerators(wish: Resources) -> str | None:
  if slice_ := wish.own.get("tpu"):
    if wish.gpus:
      raise UserError("--resources: gpus and tpu exclude each other")
    return f"tpu-{slice_.removeprefix('tpu-')}"
  if not wish.gpus:
    return None
  if wish.gpu is None:
    raise UserError("--resources: SkyPilot needs the kind of GPU as well, such as gpu=H100")
  return f"{wish.gpu}:{wish.gpus}"


def _gigabytes(memory: str) -> int:
  number, unit = int(memory[:-1]), memory[-1]
  return number * 1024 if unit == "T" else number if unit == "G" else -(-number // 1024)


def _yes(own: Mapping[str, str], key: str) -> bool:
  if own.get(key, "no") not in ("yes", "no"):
    raise UserError(f"--resources: {key}={own[key]} is neither yes nor no")
  return own.get(key) == "yes"


def _queue() -> list[dict[str, Any]]:
  """All managed jobs."""
  text = run("sky", "jobs", "queue", "--all", "--output=json")
  try:
    found: list[dict[str, Any]] = json.loads(text[text.find("[") :])  # after what it says of itself
  except ValueError:
    raise UserError(f"sky jobs queue printed no list of jobs: {text.strip()[:200]}") from None
  return found


def _seen(row: Mapping[str, Any]) -> Seen:
  state, why = row["status"], row.get("failure_reason") or row.get("details")
  if state in _STATES:
    ended = "its job ended, but the run has not"
    return Seen(_STATES[state], ended if state == "SUCCEEDED" else why)
  return Seen("failed", f"job {row['job_name']}: {state}{': ' + why if why else ''}")


EXECUTOR = SkyPilot
