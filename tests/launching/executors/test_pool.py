"""Workers of a pool race over the runs that were handed over."""

import collections
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import launch
from nmt.errors import UserError
from nmt.launching import work
from nmt.launching.executors import base
from nmt.launching.status import standing
from nmt.workdir import Workdir

ROOT = Path(__file__).parents[3]
NAMES = [f"seed={n}" for n in range(1, 5)]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
  monkeypatch.setattr(work, "LOOK", 0.05)


@pytest.fixture
def flag(tmp_path):
  """Flags of a study of so many points."""

  def flags(points=4):
    text = "from nmt.launching.points import seeds\n\ndef sweep():\n  return seeds(%d)\n"
    (tmp_path / "study.py").write_text(text % points)
    return [
      "--executor=pool",
      f"--sweep={tmp_path / 'study.py'}",
      f"--workdir={tmp_path / 'w'}",
      "--config=configs/quickstart.py",
    ]

  return flags


def works(tmp_path, *more):
  return launch.main(["work", f"--workdir={tmp_path / 'w'}", *more])


def ran(tmp_path):
  """How often the worker of each run was started."""
  logs = sorted((tmp_path / "w").glob("*/log"))
  return {log.parent.name: log.read_text().count("started\n") for log in logs}


STARTED = "print('started', flush=True)\n"


def test_runs_are_handed_over_and_none_is_started(tmp_path, worker, flag, capfd):
  worker("raise AssertionError")
  assert launch.main([*flag(), "--dry-run"]) == 0
  out = capfd.readouterr().out
  assert re.search(r"^exec .*-m nmt.launching.work --workdir=\S+/w \"\$@\"$", out, re.M)
  assert not (tmp_path / "w").exists()
  assert launch.main(flag()) == 0
  assert "4 runs submitted to pool" in capfd.readouterr().out
  homes = [Workdir(tmp_path / "w" / name) for name in NAMES]
  assert all(home.config.exists() and not home.log.exists() for home in homes)
  assert launch.main(flag()) == 0
  assert capfd.readouterr().out.count("queued already") == 4
  launch.main(["status", f"--workdir={tmp_path / 'w'}"])
  assert "4 queued" in capfd.readouterr().out


def test_a_worker_runs_them_all_then_there_is_nothing_left(tmp_path, worker, flag, capfd):
  worker(STARTED + "W.status('done')")
  launch.main(flag())
  assert works(tmp_path, "--parallel=2") == 0
  assert ran(tmp_path) == dict.fromkeys(NAMES, 1)
  assert works(tmp_path) == 0
  assert "4 of 4 runs are done, 0 of them by this worker" in capfd.readouterr().out
  assert ran(tmp_path) == dict.fromkeys(NAMES, 1)
  assert launch.main(flag()) == 0
  out = capfd.readouterr().out
  assert out.count("finished already") == 4
  assert "launch.py results" in out


def test_a_run_that_fails_is_not_taken_again_before_it_is_handed_over_again(
  tmp_path, worker, flag, capfd
):
  worker(STARTED + "sys.exit(3) if W.path.name == 'seed=2' else W.status('done')")
  launch.main(flag())
  assert works(tmp_path) == 1
  assert works(tmp_path) == 0
  err = capfd.readouterr().err
  assert re.search(r"seed=2: failed: .*exit code 3", err)
  assert ran(tmp_path) == dict.fromkeys(NAMES, 1)
  worker(STARTED + "W.status('done')")
  assert launch.main([*flag(), "--only=failed"]) == 0
  assert works(tmp_path) == 0
  assert ran(tmp_path) == dict.fromkeys(NAMES, 1) | {"seed=2": 2}


def test_a_run_that_ends_without_a_word_has_failed(tmp_path, worker, flag):
  worker("pass")
  launch.main(flag(1))
  assert works(tmp_path) == 1
  assert "before the run was done" in standing("x", Workdir(tmp_path / "w" / "seed=1")).reason


def test_a_run_that_is_stopped_goes_on_as_long_as_it_gets_further(tmp_path, worker, flag, capfd):
  worker("""
    update = W.read_status().get("update", 0)
    if W.path.name == "seed=1" or update < 3:
      W.status("stopped", update=min(update + 1, 2 if W.path.name == "seed=1" else 9))
      sys.exit(75)
    W.status("done", update=update)
  """)
  launch.main(flag(2))
  assert works(tmp_path) == 1
  assert standing("x", Workdir(tmp_path / "w" / "seed=2")).state == "done"
  assert "stopped 3 times at update 2" in capfd.readouterr().err


def start(tmp_path, script, *more, count=1):
  """Workers in processes of their own."""
  code = (
    "import sys; from nmt import cli; from nmt.launching import local, work\n"
    f"local.WORKER = (sys.executable, '-S', {str(script)!r}); work.LOOK = 0.1\ncli.entry(work.main)"
  )
  command = [sys.executable, "-c", code, f"--workdir={tmp_path / 'w'}", *more]
  return [subprocess.Popen(command, cwd=ROOT, start_new_session=True) for _ in range(count)]


# Without nmt, whose import takes longer than the run.
BRIEF = """
  import json, os, sys, time
  os.open(sys.argv[2] + "/inside", os.O_CREAT | os.O_EXCL)
  print("started", flush=True)
  time.sleep(0.05)
  os.unlink(sys.argv[2] + "/inside")
  with open(sys.argv[2] + "/status.json", "w") as file:
    file.write(json.dumps({"state": "done", "time": time.time()}))
"""


def test_several_workers_run_each_once_and_leave_none(tmp_path, flag):
  script = tmp_path / "brief.py"
  script.write_text(textwrap.dedent(BRIEF))
  launch.main(flag(24))
  workers = start(tmp_path, script, count=4)
  assert [one.wait(200) for one in workers] == [0] * 4
  assert collections.Counter(ran(tmp_path).values()) == {1: 24}


def test_sigterm_makes_the_runs_save_and_the_worker_end_with_75(tmp_path, worker, flag):
  script = worker("""
    def stop(*_):
      W.status("stopped")
      sys.exit(75)
    signal.signal(signal.SIGTERM, stop)
    W.status("running")
    print("started", flush=True)
    time.sleep(300)
  """)
  launch.main(flag())
  (one,) = start(tmp_path, script, "--parallel=2")
  until = time.monotonic() + 100
  while len(ran(tmp_path)) < 2 or 0 in ran(tmp_path).values():
    assert time.monotonic() < until
    time.sleep(0.05)
  one.send_signal(signal.SIGTERM)
  assert one.wait(100) == 75
  states = [standing(name, Workdir(tmp_path / "w" / name)).state for name in NAMES]
  assert states == ["stopped", "stopped", "waiting", "waiting"]


def test_the_run_of_a_killed_worker_is_taken_over_by_one_that_waits(tmp_path, worker, flag):
  script = worker("""
    print("started", flush=True)
    if os.path.exists(W.path / "second"):
      W.status("done")
      sys.exit()
    (W.path / "second").touch()
    with W.lock():
      time.sleep(300)
  """)
  launch.main(flag(1))
  (first,) = start(tmp_path, script)
  home = Workdir(tmp_path / "w" / "seed=1")
  until = time.monotonic() + 100
  while not home.held():
    assert time.monotonic() < until
    time.sleep(0.05)
  (second,) = start(tmp_path, script, "--wait")
  time.sleep(0.5)
  os.killpg(first.pid, signal.SIGKILL)  # the run, in a group of its own, stops when its parent dies
  first.wait()
  assert second.wait(100) == 0
  assert standing("x", home).state == "done"


def test_what_is_cancelled_is_stopped_and_not_taken(tmp_path, worker, flag, capfd):
  script = worker("""
    print("started", flush=True)
    if W.path.name == "seed=1":
      W.status("running")
      time.sleep(300)
    W.status("done")
  """)
  launch.main(flag(3))
  (one,) = start(tmp_path, script)
  until = time.monotonic() + 100
  while not ran(tmp_path).get("seed=1"):
    assert time.monotonic() < until
    time.sleep(0.05)
  assert launch.main(["cancel", f"--workdir={tmp_path / 'w'}", "--only=seed=[12]"]) == 0
  assert one.wait(100) == 0
  assert ran(tmp_path) == {"seed=1": 1, "seed=3": 1}
  launch.main(["status", f"--workdir={tmp_path / 'w'}"])
  assert "1 done, 2 cancelled" in capfd.readouterr().out


def test_a_folder_without_a_list_is_one_line(tmp_path):
  (tmp_path / "w" / "x").mkdir(parents=True)
  (tmp_path / "w" / "x" / "config.json").write_text("{}")
  with pytest.raises(UserError, match="no run waits for workers"):
    works(tmp_path)
  with pytest.raises(UserError, match="--parallel must be"):
    works(tmp_path, "--parallel=0")


def test_a_folder_that_can_not_be_written_is_one_line(tmp_path, flag, monkeypatch):
  launch.main(flag(1))
  monkeypatch.setattr(os, "access", lambda path, mode: False)
  with pytest.raises(UserError, match="w can't be written"):
    works(tmp_path)


def test_many_finished_runs_are_soon_recognised(tmp_path, worker, flag, capfd):
  worker("raise AssertionError")
  launch.main(flag(1))
  (ticket,) = base.tickets(tmp_path / "w")
  for number in range(1, 101):
    home = Workdir(tmp_path / "w" / f"seed={number}")
    home.make()
    home.config.write_text("{}")
    home.status("done")
    ticket.runs[home.path.name] = ""
  ticket.save()
  began = time.process_time()
  assert works(tmp_path) == 0
  assert time.process_time() - began < 5
  assert "100 of 100 runs are done" in capfd.readouterr().out
