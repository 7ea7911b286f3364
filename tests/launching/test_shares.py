"""Cores and GPUs are dealt out evenly."""

import os
import signal
import subprocess
import sys

import pytest

from nmt.launching import shares


@pytest.fixture
def machine(monkeypatch):
  """machine(cores, gpus): what there is to be shared."""
  for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "XLA_PYTHON_CLIENT_MEM_FRACTION"):
    monkeypatch.delenv(name, raising=False)

  def set_up(cores, gpus=()):
    monkeypatch.setattr(shares, "_cores", lambda: list(cores))
    monkeypatch.setattr(shares, "gpus", lambda: list(gpus))

  return set_up


def test_one_worker_has_the_machine_as_it_is(machine):
  machine(range(4), ["0", "1"])
  assert shares.divide(1) == [shares.Share()]
  assert shares.Share().text() == "all"


@pytest.mark.parametrize("workers", [2, 3, 4, 7, 8])
def test_cores_are_shared_evenly_and_none_twice(machine, workers):
  machine(range(10, 18))
  dealt = [share.cores for share in shares.divide(workers)]
  assert {len(cores) for cores in dealt} == {8 // workers}
  assert len({*sum(dealt, ())}) == sum(map(len, dealt))


def test_more_workers_than_cores_take_turns(machine):
  machine([4, 6])
  assert [share.text() for share in shares.divide(5)] == ["4", "6", "4", "6", "4"]


def test_each_worker_has_a_gpu_and_those_that_share_one_a_part_of_its_memory(machine):
  machine(range(8), ["0", "3"])
  found = [share.variables for share in shares.divide(2)]
  assert [one["CUDA_VISIBLE_DEVICES"] for one in found] == ["0", "3"]
  assert not any("XLA_PYTHON_CLIENT_MEM_FRACTION" in one for one in found)
  found = [share.variables for share in shares.divide(4)]
  assert [one["CUDA_VISIBLE_DEVICES"] for one in found] == ["0", "3", "0", "3"]
  assert {one["XLA_PYTHON_CLIENT_MEM_FRACTION"] for one in found} == {"0.450"}


def test_what_the_environment_says_already_is_kept(machine, monkeypatch):
  machine(range(4))
  monkeypatch.setenv("OMP_NUM_THREADS", "7")
  assert shares.divide(2)[0].variables == {"OPENBLAS_NUM_THREADS": "2"}


def test_gpus_are_those_that_the_environment_leaves_visible(monkeypatch):
  monkeypatch.setenv("JAX_PLATFORMS", "cpu")
  monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
  assert shares.gpus() == []
  monkeypatch.delenv("JAX_PLATFORMS")
  assert shares.gpus() == ["0", "1"]
  monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
  assert shares.gpus() == []


def become(parent, core):
  """Starts a program by become.py that prints its number and its cores."""
  from nmt.launching import local

  code = "import os; print(os.getpid(), sorted(os.sched_getaffinity(0)))"
  command = [*local._BECOME, str(core), str(parent), sys.executable, "-c", code]
  return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_program_becomes_another_on_its_cores():
  core = shares._cores()[0]
  started = become(os.getpid(), core)
  assert started.communicate()[0] == f"{started.pid} [{core}]\n"


def test_a_program_whose_parent_has_died_already_is_stopped():
  orphan = become(os.getppid(), shares._cores()[0])
  assert orphan.communicate()[0] == ""
  assert orphan.returncode == -signal.SIGTERM
