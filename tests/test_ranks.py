"""Which process of how many a worker is, from flags and from what schedulers set."""

import pytest

from nmt.errors import UserError
from nmt.ranks import Rank, find

SLURM = {
  "SLURM_JOB_ID": "4097",
  "SLURM_STEP_ID": "0",
  "SLURM_STEP_NODELIST": "node[007-009,12],login1",
  "SLURM_STEP_NUM_TASKS": "8",
  "SLURM_STEP_TASKS_PER_NODE": "2(x4)",
  "SLURM_PROCID": "3",
  "SLURM_LOCALID": "1",
}
JOBSET = {
  "JAX_COORDINATOR_ADDRESS": "run-worker-0-0.run",
  "JAX_PROCESS_COUNT": "4",
  "JOB_COMPLETION_INDEX": "1",
}


def environment(variables, gpus=()):
  return find(None, None, None, variables, lambda: gpus)


def test_srun_tells_each_task_its_place_and_its_gpus():
  assert environment(SLURM) == Rank("node007:61441", 8, 3)
  assert environment(SLURM, ["0", "1", "2", "3"]).gpus == (2, 3)
  assert environment(SLURM, ["5"]).gpus is None  # bound by SLURM already
  for nodes, host in (("a1", "a1"), ("a1,b2", "a1"), ("n[3,5]", "n3"), ("x,n[3-5]", "x")):
    assert environment(SLURM | {"SLURM_STEP_NODELIST": nodes}).host == host
  other = environment(SLURM | {"SLURM_STEP_ID": "1"})
  assert other.coordinator != environment(SLURM).coordinator


@pytest.mark.parametrize("missing", ["SLURM_STEP_NODELIST", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS"])
def test_a_shell_in_an_allocation_is_alone(missing):
  assert environment({k: v for k, v in SLURM.items() if k != missing}) == Rank()


@pytest.mark.parametrize("name", ["SLURM_STEP_NUM_TASKS", "JAX_PROCESS_COUNT"])
def test_one_of_one_is_alone(name):
  variables = SLURM if name in SLURM else JOBSET
  assert environment(variables | {name: "1"}) == Rank()


def test_pods_of_a_job_and_of_several_jobs():
  assert environment(JOBSET) == Rank("run-worker-0-0.run:55527", 4, 1)
  two = {"JOB_INDEX": "1", "PROCESSES_IN_JOB": "2", "JAX_COORDINATOR_PORT": "1234"}
  assert environment(JOBSET | two) == Rank("run-worker-0-0.run:1234", 4, 3)
  assert environment({"JOB_COMPLETION_INDEX": "1"}) == Rank()


def test_hosts_of_a_tpu_slice():
  hosts = {"TPU_WORKER_HOSTNAMES": "t0,t1,t2", "TPU_WORKER_ID": "2"}
  assert environment(hosts) == Rank("t0:55527", 3, 2)
  assert environment({**hosts, "TPU_WORKER_HOSTNAMES": "localhost"}) == Rank()


def test_flags_come_before_the_environment():
  assert find("[::1]:99", 2, 1, SLURM) == Rank("[::1]:99", 2, 1)
  assert find("[::1]:99", 2, 1, SLURM).host == "::1"
  assert find(None, 1, None, SLURM) == Rank()


@pytest.mark.parametrize(
  ("flags", "said"),
  [
    ((None, 2, 0), "go together"),
    (("a:1", None, None), "go together"),
    (("a", 2, 0), "the coordinator a is not host:port"),
    (("a:x", 2, 0), "is not host:port"),
    (("a:1", 2, 2), "no process 2 of 2; they count from 0"),
  ],
)
def test_flags_that_say_nothing_are_refused(flags, said):
  with pytest.raises(UserError, match=said):
    find(*flags, {})


def test_a_variable_that_is_no_number_is_refused():
  with pytest.raises(UserError, match=r"'x' in the environment .* --processes=1"):
    environment(SLURM | {"SLURM_PROCID": "x"})
