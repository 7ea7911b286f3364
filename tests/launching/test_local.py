"""Workers are started, watched, signalled and their exit codes obeyed."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nmt.launching import local
from nmt.launching.local import Local
from nmt.workdir import Workdir

ROOT = Path(__file__).parents[2]


def run(home):
  with Local() as executor:
    return executor.run(home)


def test_a_worker_turned_away_by_a_live_run_does_not_touch_its_status(tmp_path, worker):
  worker("sys.exit(2)")
  home = Workdir(tmp_path)
  with home.lock():
    home.status("running")
    assert run(home) == 2
    assert home.read_status()["state"] == "running"


@pytest.mark.parametrize(
  ("said", "ended", "code", "state"),
  [
    ("done", 0, 0, "done"),
    ("done", 1, 0, "done"),  # it died in its last moments
    ("done", 139, 0, "done"),
    ("stopped", 0, 75, "stopped"),
    ("stopped", 1, 75, "stopped"),
    ("running", 75, 75, "running"),  # before its first checkpoint
    ("running", 0, 1, "failed"),
    ("running", 3, 3, "failed"),
    ("failed", 0, 1, "failed"),
    ("failed", 2, 2, "failed"),
  ],
)
def test_the_status_decides_and_the_exit_code_is_a_hint(tmp_path, worker, said, ended, code, state):
  worker(f"W.make(); W.status({said!r}, update=5); sys.exit({ended})")
  home = Workdir(tmp_path / "w")
  assert run(home) == code
  status = home.read_status()
  assert (status["update"], status["state"]) == (5, state)
  if (said, ended) == ("running", 0):
    assert "ended with exit code 0 before the run was done" in local.failure(home, code)


def test_what_was_said_before_a_worker_began_is_not_its_word(tmp_path, worker):
  home = Workdir(tmp_path / "w")
  home.make()
  home.status("done", update=5)  # and then the run was made longer
  worker("sys.exit(0)")  # it found nothing left to do
  assert run(home) == 0
  worker("sys.exit(1)")
  assert run(home) == 1
  assert home.read_status()["state"] == "failed"


def test_a_profile_is_asked_for_by_flag_and_not_by_config(tmp_path, worker, capfd):
  import launch

  worker("print(sys.argv[3:], flush=True); W.status('failed')")
  for flag, passed in ((["--profile"], ["--profile"]), ([], [])):
    launch.main([f"--workdir={tmp_path}", "--config=configs/quickstart.py", *flag])
    assert str(passed) in capfd.readouterr().out


def test_a_killed_worker_is_a_failed_run(tmp_path, worker, capsys):
  worker("W.make(); os.kill(os.getpid(), signal.SIGKILL)")
  assert run(Workdir(tmp_path)) == 137
  assert "killed by SIGKILL" in capsys.readouterr().err
  assert Workdir(tmp_path).read_status()["state"] == "failed"


def test_the_reason_of_an_earlier_failure_is_not_taken_for_that_of_this_one(tmp_path, worker):
  home = Workdir(tmp_path / "w")
  home.make()
  home.status("failed", update=5, reason="an earlier one")
  assert local.failure(home, 2).startswith("an earlier one (exit code 2; see ")
  worker("sys.exit(1)")
  code = run(home)
  assert local.failure(home, code).startswith("no reason given (exit code 1; see ")
  assert home.read_status()["update"] == 5


OBEYING = """
  signal.signal(signal.SIGTERM, lambda *_: sys.exit(75))
  signal.signal(signal.SIGINT, lambda *_: sys.exit(75))
  signal.signal(signal.SIGHUP, lambda *_: sys.exit(75))
  print("ready", flush=True)
  time.sleep(300)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_reach_the_worker_and_stop_the_sweep(tmp_path, worker, number):
  script = worker(OBEYING)
  code = (
    "import sys, launch; from nmt import cli; from nmt.launching import local\n"
    f"local.WORKER = (sys.executable, {str(script)!r})\ncli.entry(launch.main)"
  )
  running = subprocess.Popen(
    [sys.executable, "-c", code, f"--workdir={tmp_path / 'w'}"],
    cwd=ROOT,
    stdout=subprocess.PIPE,
    text=True,
  )
  assert running.stdout is not None
  with running.stdout as out:
    line = ""
    while line != "ready\n":
      line = out.readline()
      assert line
    running.send_signal(number)
    rest = out.read()
  assert running.wait() == 75
  assert "stopped; the same command continues it" in rest
  assert [p.parent.name for p in (tmp_path / "w").glob("*/config.json")] == ["rnnsearch"]


def test_a_worker_stopped_before_it_could_listen_has_not_failed(tmp_path, worker):
  worker("W.make(); os.kill(os.getppid(), signal.SIGTERM); time.sleep(300)")
  home = Workdir(tmp_path / "w")
  assert run(home) == 75
  assert home.read_status() == {}
