"""A folder on a disk that machines share has one holder, with locks on that disk or without."""

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nmt import lease
from nmt.errors import UserError
from nmt.workdir import InUse, Workdir, in_use

ROOT = Path(__file__).parents[1]

# What a process of another machine, on a disk without locks, does with the folder argv[1].
ELSEWHERE = """
import errno, fcntl, os, sys, time
from pathlib import Path
from nmt import lease
from nmt.workdir import InUse, Workdir

def flock(file, kind):
  raise OSError(errno.ENOSYS, "Function not implemented")

fcntl.flock = flock
lease.BEAT, lease.STALE = 0.25, 1.5
lease._machine = lambda: (sys.argv[2], None)
W = Workdir(sys.argv[1])
"""
HOLD = "with W.lock():\n  print('held', flush=True)\n  time.sleep(300)\n"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
  monkeypatch.setattr(lease, "BEAT", 0.25)
  monkeypatch.setattr(lease, "STALE", 1.5)


@pytest.fixture
def patient(monkeypatch):
  """A live holder is not given up here, however long the machine lets it stand still."""
  monkeypatch.setattr(lease, "STALE", 200)


class Clock:
  """Takes the place of the module `time` in lease.py."""

  def __init__(self):
    self.now = 0.0

  def monotonic(self):
    return self.now

  def sleep(self, seconds):
    self.now += seconds


@pytest.fixture
def clock(monkeypatch):
  made = Clock()
  monkeypatch.setattr(lease, "time", made)
  return made


LEFT = json.dumps({**dict.fromkeys(lease._FIELDS, "x"), "kernel": "another", "pid": 1})


@pytest.fixture
def without_locks(monkeypatch):
  def flock(file, kind):
    raise OSError(errno.ENOLCK, "No locks available")

  monkeypatch.setattr(fcntl, "flock", flock)


def elsewhere(folder, text, machine="other"):
  command = [sys.executable, "-c", ELSEWHERE + text, str(folder), machine]
  return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def holder(tmp_path):
  """A process of another machine that holds tmp_path; killed in the end."""
  with elsewhere(tmp_path, HOLD) as process:
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()


@pytest.mark.usefixtures("patient")
def test_a_live_holder_on_another_machine_is_named(tmp_path, holder):
  with pytest.raises(InUse, match=f"process {holder.pid} on "):
    Workdir(tmp_path).lock().__enter__()
  assert Workdir(tmp_path).held()


def test_the_lease_of_a_machine_that_died_is_taken_over_when_it_is_stale(tmp_path, holder):
  holder.kill()
  holder.wait()
  home, watch = Workdir(tmp_path), lease.Watch()
  with pytest.raises(InUse):  # not known yet
    home.lock(watch).__enter__()
  assert home.seen(watch) is None
  began = time.monotonic()
  with home.lock():
    assert time.monotonic() - began > lease.STALE
    time.sleep(2 * lease.BEAT)
    assert Workdir(tmp_path).held()
  assert not home.held()
  assert not [*tmp_path.glob("*.lease"), *tmp_path.glob(".*")]


def test_a_holder_that_was_slow_stops_itself_and_leaves_the_new_lease(tmp_path, holder):
  holder.send_signal(signal.SIGSTOP)
  home = Workdir(tmp_path)
  with home.lock():
    text = home.lease.read_text()
    holder.send_signal(signal.SIGCONT)
    assert holder.wait(100) == 75
    assert lease._parse(home.lease.read_bytes())["token"] in text


def test_a_holder_whose_lease_was_removed_stops_itself(tmp_path, holder):
  Workdir(tmp_path).lease.unlink()
  assert holder.wait(100) == 75


# Says so if it gets the folder, and fails if another process is inside.
ENTER = """
try:
  with W.lock({watch}):
    (W.path / "inside").mkdir()
    time.sleep(0.05)
    (W.path / "inside").rmdir()
    print("was inside", flush=True)
except InUse:
  pass
"""


def race(folder, text):
  """What four processes of as many machines say, which all do the same."""
  text = "lease.STALE = 6.0  # who is inside may stand still for a while\n" + text
  racers = [elsewhere(folder, text, f"machine{i}") for i in range(4)]
  said = [process.communicate(timeout=200)[0] for process in racers]
  assert [process.returncode for process in racers] == [0] * 4
  return "".join(said)


def test_without_locks_a_folder_has_one_holder_at_a_time(tmp_path):
  turn = ENTER.format(watch="lease.Watch()").replace("\n", "\n  ")
  assert "was inside" in race(tmp_path, f"for _ in range(5):{turn}")


def test_a_stale_lease_is_taken_over_by_one_of_several(tmp_path, holder):
  holder.kill()
  holder.wait()
  assert "was inside" in race(tmp_path, ENTER.format(watch=""))


@pytest.mark.usefixtures("without_locks")
def test_without_locks_a_process_of_this_machine_is_known_at_once(tmp_path):
  home = Workdir(tmp_path)
  with home.lock():
    with pytest.raises(InUse, match=f"process {os.getpid()} on "):
      home.lock(lease.Watch()).__enter__()
    assert home.seen(lease.Watch()) is True
    left = home.lease.read_bytes()
  assert home.seen(lease.Watch()) is False
  home.lease.write_bytes(left.replace(b'"began": ', b'"began": 1'))  # that number was another's
  assert home.seen(lease.Watch()) is False
  with home.lock(lease.Watch()):
    pass


def test_of_several_folders_all_are_watched_at_once(tmp_path, clock):
  homes = {name: Workdir(tmp_path / name) for name in ("free", *map(str, range(20)))}
  for name, home in homes.items():
    if name != "free":
      home.make()
      home.lock_file.touch()
      home.lease.write_text(LEFT)
  assert in_use(homes) == set()
  assert lease.STALE <= clock.now < 2 * lease.STALE


def test_who_stands_still_while_he_looks_takes_nobody_for_dead(tmp_path, clock, monkeypatch):
  read, watch, home = lease._read, lease.Watch(), Workdir(tmp_path)
  home.lease.write_text(LEFT)

  def slow(path):
    text = read(path)
    clock.sleep(100)
    return text

  monkeypatch.setattr(lease, "_read", slow)
  assert watch.alive(home.lease, None) is None
  assert watch.alive(home.lease, None) is None  # read right after it was seen for the first time
  assert watch.alive(home.lease, None) is False


def test_what_another_one_has_just_taken_over_is_left_to_it(tmp_path, monkeypatch):
  home = Workdir(tmp_path)
  home.lease.write_text(LEFT)
  found = iter([False, True])

  def is_held(path, *_):
    path.write_text("of another one")
    return next(found)

  monkeypatch.setattr(lease, "_is_held", is_held)
  with pytest.raises(InUse):
    home.lock().__enter__()
  assert home.lease.read_text() == "of another one"


def test_clocks_that_are_set_change_nothing(tmp_path, holder, monkeypatch):
  jumps = iter(range(10**6))
  monkeypatch.setattr(time, "time", lambda: next(jumps) * 1e6 * (-1) ** next(jumps))
  os.utime(Workdir(tmp_path).lease, (0, 0))
  with monkeypatch.context() as patch:
    patch.setattr(lease, "STALE", 200)
    assert Workdir(tmp_path).held()
  holder.kill()
  holder.wait()
  began = time.monotonic()
  assert not Workdir(tmp_path).held()
  assert time.monotonic() - began > lease.STALE


@pytest.mark.usefixtures("patient")
def test_a_disk_that_shows_changes_late_changes_nothing(tmp_path, holder, monkeypatch):
  """As NFS does: a new file is not listed for a while, and a file's old text is read."""
  seen: list[tuple[float, bytes | None]] = []
  read = lease._read
  began = time.monotonic()

  def late(path):
    seen.append((time.monotonic(), read(path)))
    old = [text for when, text in seen if when < time.monotonic() - 0.3]
    return old[-1] if old else None

  monkeypatch.setattr(lease, "_read", late)
  with pytest.raises(InUse):
    Workdir(tmp_path).lock().__enter__()
  assert time.monotonic() - began > 0.3
  assert holder.poll() is None


def test_a_damaged_lease_is_watched_like_any_other(tmp_path):
  home = Workdir(tmp_path)
  for text in (b"", b"[]", b'{"pid": 1'):
    home.lock_file.touch()
    home.lease.write_bytes(text)
    assert home.seen(lease.Watch()) is None
  with home.lock():
    assert home.held()


def test_a_folder_where_no_lease_can_be_made_is_named_in_one_line(tmp_path, monkeypatch):
  def refuse(*arguments):
    raise OSError(errno.EROFS, "Read-only file system")

  monkeypatch.setattr(lease, "_create", refuse)
  with pytest.raises(UserError, match=r"can't be written \(Read-only file system\)"):
    Workdir(tmp_path).lock().__enter__()


def test_a_full_disk_leaves_no_half_of_a_lease(tmp_path, monkeypatch):
  make = os.open

  def full(path, *rest):
    os.close(make(path, *rest))
    return make("/dev/full", os.O_WRONLY)

  monkeypatch.setattr(os, "open", full)
  with pytest.raises(UserError, match="No space left"):
    Workdir(tmp_path).lock().__enter__()
  assert [path.name for path in tmp_path.iterdir()] == ["lock"]
