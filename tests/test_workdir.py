"""A run's folder has one holder."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nmt.errors import UserError
from nmt.launching.status import standing
from nmt.workdir import Workdir

ROOT = Path(__file__).parents[1]
HOLD = "import sys, time; from nmt.workdir import Workdir\nwith Workdir(sys.argv[1]).lock():\n  "


def hold(path, then):
  """Another process that holds the lock of `path` and has said so."""
  worker = subprocess.Popen(
    [sys.executable, "-c", HOLD + then, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
  )
  assert worker.stdout is not None
  with worker.stdout as out:
    assert out.readline() == "held\n"
  return worker


def test_a_second_holder_is_told_who_holds_it(tmp_path):
  home = Workdir(tmp_path / "a" / "b")
  with (
    home.lock(),
    pytest.raises(UserError, match=rf"in use by a live run \(process {os.getpid()}"),
  ):
    home.lock().__enter__()
  with home.lock():
    pass


def test_a_killed_process_leaves_no_lock(tmp_path):
  worker = hold(tmp_path, "print('held', flush=True); time.sleep(300)")
  home = Workdir(tmp_path)
  with pytest.raises(UserError, match=f"process {worker.pid}"):
    home.lock().__enter__()
  worker.send_signal(signal.SIGKILL)
  worker.wait()
  with home.lock():
    pass


def test_a_child_made_by_fork_does_not_keep_the_lock(tmp_path):
  fork = (
    "import os\n  child = os.fork()\n  if child == 0: time.sleep(300); os._exit(0)\n"
    "  open(sys.argv[1] + '/child', 'w').write(str(child)); print('held', flush=True)"
  )
  worker = hold(tmp_path, fork + "; time.sleep(300)")
  worker.send_signal(signal.SIGKILL)
  worker.wait()
  until = time.monotonic() + 100  # the child lets go once it gets to run
  while True:
    try:
      with Workdir(tmp_path).lock():
        break
    except UserError:
      assert time.monotonic() < until
      time.sleep(0.05)
  os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
  (tmp_path / "file").write_text("")
  with pytest.raises(UserError, match="file/w: Not a directory"):
    Workdir(tmp_path / "file" / "w").make()
  with pytest.raises(UserError, match="file: File exists"):
    Workdir(tmp_path / "file").make()


def test_a_folder_that_can_only_be_read_is_said_and_can_be_asked(small_disk):
  home = Workdir(small_disk / "w")
  home.make()
  home.config.write_text("{}")
  home.status("running", update=3)
  subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
  for use in (home.make, home.lock().__enter__):
    with pytest.raises(UserError, match=r"w can't be written; choose another with --workdir"):
      use()
  assert not home.held()
  assert standing("w", home).update == 3
  with pytest.raises(OSError, match="Read-only file system"):
    home.status("failed")
  assert home.read_status()["state"] == "running"


def test_status_says_the_state_and_when(tmp_path):
  home = Workdir(tmp_path)
  assert home.read_status() == {}
  home.status("running", update=3)
  status = json.loads((tmp_path / "status.json").read_text())
  assert (status["state"], status["update"]) == ("running", 3)
  assert status["time"] > 1.7e9
