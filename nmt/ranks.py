"""Which process of how many this one is: told by flags, or by SLURM, Kubernetes or a TPU slice.

Where an environment tells only a part, or of one process alone, there is one: a shell inside of an
allocation has some of SLURM's variables, and no other process would ever come.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from nmt.errors import UserError

PORT = 55527  # of the coordinator, where no one names another

# What srun tells each task of a step.
_SLURM = ("SLURM_JOB_ID", "SLURM_STEP_NODELIST", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID")
# What the manifest of an indexed Job or a JobSet tells each pod.
_KUBERNETES = ("JAX_COORDINATOR_ADDRESS", "JAX_PROCESS_COUNT", "JOB_COMPLETION_INDEX")
# What GKE tells each host of a TPU slice.
_TPU = ("TPU_WORKER_HOSTNAMES", "TPU_WORKER_ID")


@dataclasses.dataclass(frozen=True)
class Rank:
  """Process `index` of `count`, all of which meet at `coordinator`, host:port on process 0.

  gpus: the numbers of the GPUs, among those to be seen, that are this process's; None for all.
  """

  coordinator: str = ""
  count: int = 1
  index: int = 0
  gpus: tuple[int, ...] | None = None

  @property
  def host(self) -> str:
    """The host of process 0."""
    return self.coordinator.rpartition(":")[0].strip("[]")


def find(
  coordinator: str | None,
  count: int | None,
  index: int | None,
  environment: Mapping[str, str],
  gpus: Callable[[], Sequence[str]] = tuple,
) -> Rank:
  """The rank that flags give, or else the environment; one process if neither does.

  `gpus()` are those that this process sees. UserError: flags or variables that don't go together.
  """
  if count == 1:
    return Rank()
  if coordinator is None and count is None and index is None:
    return _slurm(environment, gpus) or _kubernetes(environment) or _tpu(environment) or Rank()
  if coordinator is None or count is None or index is None:
    raise UserError(
      "--coordinator, --processes and --process go together: all three for one of several "
      "processes, none to ask the environment, --processes=1 for one alone"
    )
  return _checked(Rank(coordinator, count, index), "--coordinator, --processes and --process")


def _slurm(environment: Mapping[str, str], gpus: Callable[[], Sequence[str]]) -> Rank | None:
  """A task of an srun step of several; tasks that see several GPUs of a node share them out."""
  if not all(environment.get(name) for name in _SLURM):
    return None
  job, nodes, count, index = (environment[name] for name in _SLURM)
  if _number(count) == 1:
    return None
  # Another step of the same allocation may run at the same time.
  step = _number(environment.get("SLURM_STEP_ID", "0"))
  port = 61440 + (_number(job) + 97 * step) % 4096
  tasks = _first_count(environment.get("SLURM_STEP_TASKS_PER_NODE", "1"))
  mine = None
  seen = len(gpus()) if tasks > 1 else 0
  if seen > 1 and seen % tasks == 0:
    each, local = seen // tasks, _number(environment.get("SLURM_LOCALID", "0"))
    mine = tuple(range(local * each, (local + 1) * each))
  rank = Rank(f"{_first_host(nodes)}:{port}", _number(count), _number(index), mine)
  return _checked(rank, "SLURM's variables")


def _kubernetes(environment: Mapping[str, str]) -> Rank | None:
  """A pod of an indexed Job, or of a JobSet of several such jobs (JOB_INDEX, PROCESSES_IN_JOB)."""
  if not all(environment.get(name) for name in _KUBERNETES):
    return None
  coordinator, count, index = (environment[name] for name in _KUBERNETES)
  if _number(count) == 1:
    return None
  if ":" not in coordinator:
    coordinator += f":{environment.get('JAX_COORDINATOR_PORT', PORT)}"
  job = _number(environment.get("JOB_INDEX", "0"))
  number = job * _number(environment.get("PROCESSES_IN_JOB", count)) + _number(index)
  return _checked(Rank(coordinator, _number(count), number), ", ".join(_KUBERNETES))


def _tpu(environment: Mapping[str, str]) -> Rank | None:
  """A host of a TPU slice."""
  if not all(environment.get(name) for name in _TPU):
    return None
  hosts = environment["TPU_WORKER_HOSTNAMES"].split(",")
  if len(hosts) == 1:
    return None
  rank = Rank(f"{hosts[0]}:{PORT}", len(hosts), _number(environment["TPU_WORKER_ID"]))
  return _checked(rank, " and ".join(_TPU))


def _checked(rank: Rank, source: str) -> Rank:
  host, _, port = rank.coordinator.rpartition(":")
  if not host or not port.isdecimal() or not 0 < int(port) < 65536:
    raise UserError(f"{source}: the coordinator {rank.coordinator} is not host:port")
  if not 0 <= rank.index < rank.count:
    raise UserError(
      f"{source}: there is no process {rank.index} of {rank.count}; they count from 0"
    )
  return rank


def _number(text: str) -> int:
  if not text.isdecimal():
    raise UserError(f"{text!r} in the environment is not the number of a process; --processes=1")
  return int(text)


def _first_host(nodes: str) -> str:
  """node7 of node7,node9, and of node[7-9,12]."""
  name, bracket, rest = nodes.partition("[")
  if "," in name or not bracket:
    return name.partition(",")[0]
  return name + rest.replace("-", ",").replace("]", ",").partition(",")[0]


def _first_count(tasks: str) -> int:
  """4 of 4, of 4(x2) and of 4(x2),1."""
  return _number(tasks.partition(",")[0].partition("(")[0])
