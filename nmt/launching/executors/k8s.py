"""Kubernetes: each run is a JobSet, in a queue of Kueue where one is named.

A pod that exits with 75, was evicted or lost its node makes its Job fail, and the JobSet starts all
pods again, up to `restarts` times. One that exits with anything else makes the JobSet fail at once.
Its pods mount the volume on which W lies, at the same path as here.
Fields: https://jobset.sigs.k8s.io/docs/reference/jobset.v1alpha2/ and
https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from nmt.errors import UserError
from nmt.exit_codes import CONTINUE
from nmt.files import replacing
from nmt.launching.executors._commands import called, documents, mounted, needed, run
from nmt.launching.executors.base import Executor, Seen, Submission, Ticket, stand
from nmt.workdir import Workdir

GRACE = 120  # seconds between the request to stop and the kill
KEPT = 7 * 24 * 3600  # seconds for which a JobSet that has ended can be asked about
_KIND = "jobsets.jobset.x-k8s.io"
_TICKET = "nmt/ticket"  # a label
_COORDINATOR = "jobset.sigs.k8s.io/coordinator"  # an annotation of each pod: the first pod's name
_WORKER = "worker"


class Kubernetes(Executor):
  """Runs as JobSets of a Kubernetes cluster."""

  OWN: ClassVar = {
    "image": "the container image, with what nmt needs; its code is not used",
    "claim": "the PersistentVolumeClaim on which W lies",
    "mount": "where it is mounted, here and in the pods",
    "queue": "the local queue of Kueue",
    "namespace": "of the cluster (default: that of kubectl)",
    "tpu": "the kind of TPU, such as tpu-v5-lite-podslice",
    "topology": "of the TPU slice, such as 4x4",
    "chips": "of the TPU on each node",
    "python": "the interpreter in the image (default: python)",
    "grace": f"seconds between the request to stop and the kill (default: {GRACE})",
  }

  def files(self, order: Submission) -> dict[str, str]:
    return {"yaml": documents(*(manifest(order, name) for name in order.homes))}

  def check(self, order: Submission) -> None:
    needed("kubectl")
    for text in self.files(order).values():
      run("kubectl", "apply", "--dry-run=server", *_space(order.resources.own), "-f-", stdin=text)

  def submit(self, order: Submission) -> Ticket:
    ticket = Ticket.of(order, self.name, {name: called(order, name) for name in order.homes})
    place = Workdir(order.folder).tickets
    Workdir(place).make()
    ((name, text),) = self.files(order).items()
    path = place / f"{order.id}.{name}"
    with replacing(path) as file:
      file.write(text)
    ticket.save()  # first: what is applied in part is then in somebody's hands
    run("kubectl", "apply", *_space(order.resources.own), f"-f{path}")
    return ticket

  def poll(self, ticket: Ticket, homes: Mapping[str, Workdir]) -> dict[str, Seen]:
    def look(names: Sequence[str]) -> dict[str, Seen]:
      label = f"--selector={_TICKET}={ticket.id}"
      text = run("kubectl", "get", _KIND, *_space(ticket.resources), label, "--output=json")
      items = {item["metadata"]["name"]: item for item in json.loads(text)["items"]}
      jobs = {name: ticket.runs[name] for name in names}
      return {name: _seen(items[job]) for name, job in jobs.items() if job in items}

    return stand(ticket, homes, look)

  def cancel(self, ticket: Ticket, names: Iterable[str]) -> None:
    sets = [ticket.runs[name] for name in names]
    space = _space(ticket.resources)
    run("kubectl", "delete", _KIND, *space, "--ignore-not-found", "--wait=false", *sets)


def manifest(order: Submission, name: str) -> dict[str, Any]:
  """The JobSet of a run."""
  wish = order.resources
  if order.parallel is not None:
    raise UserError("--parallel is no matter of Kubernetes; the quota of a Kueue queue is")
  if wish.tasks != 1:
    raise UserError(f"--resources: tasks={wish.tasks}, but Kubernetes runs one process on a node")
  rules = {
    "maxRestarts": wish.restarts,
    # New pods wait until the old ones are gone: these hold the run's folder while they save.
    "restartStrategy": "BlockingRecreate",
    "rules": [
      {"name": "failed", "action": "FailJobSet", "onJobFailureReasons": ["PodFailurePolicy"]}
    ],
  }
  spec = {
    "failurePolicy": rules,
    "ttlSecondsAfterFinished": KEPT,
    "coordinator": {"replicatedJob": _WORKER, "jobIndex": 0, "podIndex": 0},
    "replicatedJobs": [{"name": _WORKER, "replicas": 1, "template": {"spec": _job(order, name)}}],
  }
  labels = {_TICKET: order.id}
  if queue := wish.own.get("queue"):
    labels["kueue.x-k8s.io/queue-name"] = queue
  annotations = {"nmt/run": str(order.homes[name])}
  if "tpu" in wish.own and wish.nodes > 1:  # its hosts are a node pool of their own
    annotations["alpha.jobset.sigs.k8s.io/exclusive-topology"] = "cloud.google.com/gke-nodepool"
  # With `-worker-0-0-abcde`, the name of a pod, it has to stay within 63 letters.
  metadata = {"name": called(order, name), "labels": labels, "annotations": annotations}
  version = "jobset.x-k8s.io/v1alpha2"
  return {"apiVersion": version, "kind": "JobSet", "metadata": metadata, "spec": spec}


def _job(order: Submission, name: str) -> dict[str, Any]:
  nodes = order.resources.nodes
  disrupted = {"type": "DisruptionTarget", "status": "True"}
  others = {"containerName": _WORKER, "operator": "NotIn", "values": [CONTINUE]}
  # The first rule that holds counts. A killed pod of a lost node has some other exit code as well.
  rules = [
    {"action": "Count", "onPodConditions": [disrupted]},
    {"action": "FailJob", "onExitCodes": others},
  ]
  job = {
    "completionMode": "Indexed",
    "completions": nodes,
    "parallelism": nodes,
    "backoffLimit": 0,  # what is started again is the whole JobSet
    "podFailurePolicy": {"rules": rules},
    "template": {"spec": _pod(order, name)},
  }
  if order.resources.time is not None:
    job["activeDeadlineSeconds"] = order.resources.time
  return job


def _pod(order: Submission, name: str) -> dict[str, Any]:
  wish = order.resources
  own = wish.own
  mount = mounted(order, "claim")
  if not own.get("image"):
    raise UserError("--resources needs image=...: a container image with what nmt needs")
  chips = _whole(own, "chips", 0)
  limits = {
    "cpu": wish.cpus and str(wish.cpus),
    "memory": wish.memory,
    "nvidia.com/gpu": wish.gpus and str(wish.gpus),
    "google.com/tpu": chips and str(chips),
  }
  where = {
    "cloud.google.com/gke-accelerator": wish.gpu,
    "cloud.google.com/gke-tpu-accelerator": own.get("tpu"),
    "cloud.google.com/gke-tpu-topology": own.get("topology"),
  }
  environment: list[dict[str, Any]] = [
    {"name": "PYTHONPATH", "value": str(order.code)},
    {"name": "PYTHONUNBUFFERED", "value": "1"},
  ]
  if wish.nodes > 1:  # the number of a process is JOB_COMPLETION_INDEX, which the Job sets
    first = {"fieldRef": {"fieldPath": f"metadata.annotations['{_COORDINATOR}']"}}
    environment += [
      {"name": "JAX_COORDINATOR_ADDRESS", "valueFrom": first},
      {"name": "JAX_PROCESS_COUNT", "value": str(wish.nodes)},
    ]
  python, home = own.get("python", "python"), str(order.homes[name])
  command = [python, "-m", "nmt.train", "--workdir", home, *order.flags]
  worker = {
    "name": _WORKER,
    "image": own["image"],
    "workingDir": str(order.code),
    "command": [part.replace("$(", "$$(") for part in command],  # $(...) would be a variable
    "env": environment,
    "resources": {"limits": {key: value for key, value in limits.items() if value}},
    "volumeMounts": [
      {"name": "runs", "mountPath": mount},
      {"name": "memory", "mountPath": "/dev/shm"},  # 64 MiB otherwise
    ],
  }
  pod = {
    "restartPolicy": "Never",  # as a policy for failed pods needs it
    "terminationGracePeriodSeconds": _whole(own, "grace", GRACE),
    "nodeSelector": {key: value for key, value in where.items() if value},
    "containers": [worker],
    "volumes": [
      {"name": "runs", "persistentVolumeClaim": {"claimName": own["claim"]}},
      {"name": "memory", "emptyDir": {"medium": "Memory"}},
    ],
  }
  return pod


def _seen(item: Mapping[str, Any]) -> Seen:
  status = item.get("status", {})
  for condition in status.get("conditions", ()):
    if condition.get("status") != "True":
      continue
    kind, why = condition.get("type"), condition.get("message") or condition.get("reason")
    if kind == "Completed":
      return Seen("gone", "its JobSet ended, but the run has not")
    if kind == "Failed":
      return Seen("failed", f"JobSet {item['metadata']['name']}: {why}")
    if kind == "Suspended":
      return Seen("queued", why)
  if item.get("spec", {}).get("suspend"):
    return Seen("queued", "waits in the queue")
  ready = sum(job.get("ready", 0) for job in status.get("replicatedJobsStatus", ()))
  return Seen("running") if ready else Seen("queued", "its pods are not ready")


def _space(own: Mapping[str, Any]) -> list[str]:
  return [f"--namespace={own['namespace']}"] if own.get("namespace") else []


def _whole(own: Mapping[str, str], key: str, default: int) -> int:
  text = own.get(key, str(default))
  if not text.isdecimal():
    raise UserError(f"--resources: {key}={text} is not a whole number")
  return int(text)


EXECUTOR = Kubernetes
