"""On a real SLURM of two nodes on this machine: runs start, stop, move, fail and are cancelled."""

import contextlib
import functools
import os
import subprocess

import pytest

import launch
from nmt.errors import UserError
from nmt.launching import executors, local, status
from nmt.launching.executors import base
from nmt.workdir import Workdir
from tests.launching import one_machine
from tests.launching.conftest import write_worker

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def patch():
  with pytest.MonkeyPatch.context() as patch:
    yield patch


@pytest.fixture(scope="module", autouse=True)
def machine(tmp_path_factory, patch):
  if reason := one_machine.missing():
    pytest.skip(reason)
  folder = tmp_path_factory.mktemp("slurm")
  with contextlib.ExitStack() as stack:
    try:
      environment = stack.enter_context(one_machine.one_machine(folder))
    except AssertionError:
      logs = [*folder.glob("*.log"), *folder.glob("*.out")]
      told = [f"{log.name}: {text[-1]}" for log in logs if (text := log.read_text().splitlines())]
      pytest.skip(f"no SLURM to test with: it does not start here; {'; '.join(told)}")
    for name, value in environment.items():
      patch.setenv(name, value)
    yield


def hand_over(folder, points, *flags, workdir="w"):
  """Hands a study of so many points over; returns the exit code."""
  rows = "".join(f"  yield {{'seed': {n + 1}, 'name': '{n + 1}'}}\n" for n in range(points))
  (folder / "study.py").write_text("def sweep():\n" + rows)
  where = [f"--sweep={folder / 'study.py'}", f"--workdir={folder / workdir}"]
  return launch.main(["--config=quickstart", "--executor=slurm", *where, *flags])


@pytest.fixture
def submit(tmp_path):
  # A node that has just come back is refused for a moment.
  one_machine.wait(lambda: one_machine.idle(os.environ), 200)
  return functools.partial(hand_over, tmp_path)


def states(folder):
  _, homes = status.find(folder)
  seen = executors.poll(folder, homes)
  rows = [status.standing(name, home, seen=seen.get(name)) for name, home in homes.items()]
  return " ".join(row.state for row in rows)


def reach(folder, wanted, seconds=200):
  one_machine.wait(lambda: states(folder) == wanted, seconds)


def say(*command):
  return subprocess.run(command, capture_output=True, text=True, check=True).stdout


# Adds a line for each step to W/out and keeps its progress; asked to stop, it saves and exits 75.
# On its first attempt it waits at step 3 for that, so that it is interrupted there.
STEPS = """
  asked = []
  signal.signal(signal.SIGTERM, lambda *_: asked.append(1))
  W.make()
  with W.lock(), open(W.path / "out", "a") as out:
    first = not W.read_status()
    W.status("running", update=W.read_status().get("update", 0))
    for step in range(W.read_status()["update"], 6):
      if first and step == 3:
        (W.path / "waiting").touch()
        while not asked:
          time.sleep(.05)
      if asked:
        W.status("stopped", update=step)
        time.sleep(.3)
        W.status("stopped", update=step, asked=len(asked))
        sys.exit(75)
      print("step", step, file=out)
    W.status("done", update=6)
"""
ODD = "a b # %j '文'"
OUT = "".join(f"step {n}\n" for n in range(6))


@pytest.fixture(scope="module", autouse=True)
def limited(machine, tmp_path_factory, patch):
  """A run whose job has a time limit of a minute, begun before all else: it takes a while."""
  folder = tmp_path_factory.mktemp("limited")
  patch.setattr(local, "WORKER", write_worker(folder, STEPS))
  assert hand_over(folder, 1, "--resources=time=1m,grace=59") == 0
  return folder / "w"


def test_a_sweep_is_arrays_and_one_that_fails_keeps_no_other_from_running(
  tmp_path, worker, submit, capsys
):
  folder = tmp_path / ODD
  worker("""
    print("hello from", W.path.name)
    if W.path.name == "3" and not (W.path / "again").exists():
      (W.path / "again").touch()
      sys.exit(1)
    W.status("done")
  """)
  assert submit(6, "--parallel=3", workdir=ODD) == 0
  assert "6 runs submitted to slurm (job " in capsys.readouterr().out
  reach(folder, "done done failed done done done")
  scripts = sorted((folder / "tickets").glob("*.sh"))  # arrays have at most 5 here
  assert ["#SBATCH --array=0-4%3\n" in s.read_text() for s in scripts] == [True, False]
  assert len([*(folder / "tickets").glob("*_?.log")]) == 6  # what SLURM itself has to say
  assert (folder / "6" / "log").read_text() == "hello from 6\n"
  assert submit(6, "--only=failed", workdir=ODD) == 0
  reach(folder, "done done done done done done")
  assert [*base.tickets(folder)[-1].runs] == ["3"]
  capsys.readouterr()
  assert submit(6, workdir=ODD) == 0
  assert "submitted" not in capsys.readouterr().out


def test_what_is_cancelled_is_not_tried_again(tmp_path, worker, submit, capsys):
  worker(STEPS)
  assert submit(3) == 0
  one_machine.wait(lambda: len([*(tmp_path / "w").glob("*/waiting")]) == 3, 200)
  capsys.readouterr()
  assert submit(3) == 0  # nothing is submitted twice
  assert capsys.readouterr().out.count("running already") == 3
  assert launch.main(["cancel", f"--workdir={tmp_path / 'w'}", "--only=[12]"]) == 0
  [ticket] = base.tickets(tmp_path / "w")
  say("scancel", ticket.runs["3"])
  reach(tmp_path / "w", "cancelled cancelled cancelled")
  one_machine.wait(lambda: not say("squeue", "--noheader", "--jobs", ticket.runs["3"]), 200)
  for name in "123":
    last = Workdir(tmp_path / "w" / name).read_status()
    assert (last["state"], last["asked"]) == ("stopped", 1)
  assert submit(3) == 0
  reach(tmp_path / "w", "done done done")
  assert (tmp_path / "w" / "3" / "out").read_text() == OUT


def test_runs_that_stop_again_and_again_have_failed(tmp_path, worker, submit):
  worker("W.status('stopped', update=7); sys.exit(75)")
  assert submit(2, "--resources=restarts=1") == 0
  reach(tmp_path / "w", "failed failed")
  for name in "12":
    found = Workdir(tmp_path / "w" / name).read_status()
    assert found["reason"] == "stopped, and was started again once (--resources=restarts=1)"
    assert found["update"] == 7


def test_a_job_that_must_give_way_comes_back(tmp_path, worker, submit):
  worker(STEPS)
  assert submit(1, "--resources=nodelist=n1,cpus=8") == 0
  one_machine.wait((tmp_path / "w" / "1" / "waiting").exists, 200)
  say(
    "sbatch", "--wait", "-p", "urgent", "-w", "n1", "-o", "/dev/null", "--exclusive", "--wrap=true"
  )
  reach(tmp_path / "w", "done")
  assert (tmp_path / "w" / "1" / "out").read_text() == OUT


def test_a_node_that_is_lost_is_left_for_another(tmp_path, worker, submit):
  worker("""
    W.make()
    with W.lock():
      if W.read_status():
        W.status("done", node=os.environ["SLURMD_NODENAME"])
        sys.exit()
      W.status("running", update=0)
      time.sleep(300)
  """)
  assert submit(1) == 0
  home = Workdir(tmp_path / "w" / "1")
  one_machine.wait(home.read_status, 200)
  say("scontrol", "update", "nodename=n1", "state=down", "reason=test")
  try:
    reach(tmp_path / "w", "done")
    assert home.read_status()["node"] == "n2"
  finally:
    say("scontrol", "update", "nodename=n1", "state=resume")


def test_each_node_starts_the_worker_and_all_are_asked_to_stop(tmp_path, worker, submit):
  worker("""
    asked = []
    signal.signal(signal.SIGTERM, lambda *_: asked.append(1))
    me = os.environ["SLURM_PROCID"]
    if (W.path / "stopped0").exists():
      if me == "0":
        W.status("done")
      sys.exit()
    (W.path / f"started{me}").touch()
    while not asked:
      time.sleep(.05)
    (W.path / f"stopped{me}").touch()
    sys.exit(75)
  """)
  assert submit(1, "--resources=nodes=2") == 0
  one_machine.wait(lambda: len([*(tmp_path / "w" / "1").glob("started*")]) == 2, 200)
  [ticket] = base.tickets(tmp_path / "w")
  say("scancel", "--signal=TERM", ticket.runs["1"])  # as before a time limit
  reach(tmp_path / "w", "done")
  assert sorted(f.name for f in (tmp_path / "w" / "1").glob("stopped*")) == ["stopped0", "stopped1"]


def test_what_slurm_would_refuse_is_said_before_anything_is_written(tmp_path, submit):
  with pytest.raises(UserError, match=r"SLURM would refuse these jobs: invalid partition.*nope"):
    submit(1, "--resources=partition=nope")
  assert not (tmp_path / "w").exists()


def test_a_time_limit_is_survived_and_leaves_the_same_bytes(limited):
  reach(limited, "done")
  # Whatever else stopped it, for the other tests take nodes away meanwhile.
  assert (limited / "1" / "out").read_text() == OUT
