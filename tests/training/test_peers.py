"""Processes that meet, or don't, and the watch over updates; without JAX."""

import multiprocessing
import os
import socket
import threading
import time
from multiprocessing import connection

import pytest

from nmt import train
from nmt.errors import UserError
from nmt.exit_codes import CONTINUE
from nmt.ranks import Rank
from nmt.training import meeting, peers, watch
from nmt.training.meeting import meet
from nmt.training.peers import Line, Peers
from nmt.training.stopping import Stopping
from nmt.training.watch import Watch
from nmt.workdir import Workdir


def together(*works):
  """What each gives, run in a thread of its own; errors too."""
  found = [None] * len(works)

  def run(index):
    try:
      found[index] = works[index]()
    except UserError as e:
      found[index] = str(e)

  threads = [threading.Thread(target=run, args=(index,)) for index in range(len(works))]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  return found


@pytest.fixture
def lines(port):
  """Three processes' lines, in one process."""

  def one(index):
    return lambda: meet(Rank(f"localhost:{port}", 3, index), Stopping(), "a", 60)

  found = together(*map(one, range(3)))
  assert len({coordinator for _, coordinator in found}) == 1
  assert found[0][1] != f"localhost:{port}"
  yield [line for line, _ in found]
  together(*[line.close for line, _ in found])


def test_what_process_0_finds_out_reaches_all(lines):
  found = together(*[lambda x=x: x.by_first(lambda: {"bleu": x.index + 0.1}) for x in lines])
  assert found == [{"bleu": 0.1}] * 3
  together(*[line.wait for line in lines])


def test_all_stop_at_the_same_update_however_far_they_are(lines):
  zero, one, two = lines
  assert not any(line.stops(False, 5) for line in lines)
  assert not zero.stops(True, 5)  # returns when the others have heard
  stops = [next(u for u in range(4, 20) if line.stops(False, u)) for line in (zero, one, two)]
  assert stops == [8, 8, 8]


def test_a_request_to_any_process_is_one_to_process_0(port):
  with Stopping() as mine:
    theirs = Stopping()
    mine.deferred = True
    (zero, _), (one, _) = together(
      lambda: meet(Rank(f"localhost:{port}", 2, 0), mine, "a", 100),
      lambda: meet(Rank(f"localhost:{port}", 2, 1), theirs, "a", 100),
    )
    theirs.asked = True
    until = time.monotonic() + 100
    while not mine.asked and time.monotonic() < until:
      time.sleep(0.01)
    assert mine.asked
    together(zero.close, one.close)


def test_who_did_not_come_is_named(port):
  def one(index):
    return lambda: meet(Rank(f"localhost:{port}", 4, index), Stopping(), "a", 3)

  assert together(one(0), one(2)) == ["of 4 processes, 1, 3 did not come within 3 s"] * 2


def test_one_that_is_slow_to_say_who_it_is_is_waited_for_while_others_are_received(
  port, monkeypatch
):
  third_is_in, tell = threading.Event(), meeting.tell

  def slow(line, value):
    if isinstance(value, dict) and value["process"] == 1:
      assert third_is_in.wait(60)
      time.sleep(2.5)
    tell(line, value)

  def introduced(line, introduced=meeting._introduced):
    found = introduced(line)
    third_is_in.set()
    return found

  def one(index):
    return lambda: meet(Rank(f"localhost:{port}", 3, index), Stopping(), "a", 60)

  monkeypatch.setattr(meeting, "tell", slow)
  monkeypatch.setattr(meeting, "_introduced", introduced)
  found = together(*map(one, range(3)))
  assert len({coordinator for _, coordinator in found}) == 1
  together(*[line.close for line, _ in found])


def test_no_coordinator_is_said_in_time(port):
  for host in ("localhost", "no.such.host.invalid"):
    with pytest.raises(UserError, match=f"can't be reached at {host}:{port} within 1 s: "):
      meet(Rank(f"{host}:{port}", 2, 1), Stopping(), "a", 1)
  with (
    socket.create_server(("", port)),
    pytest.raises(UserError, match=f"can't listen on port {port}: Address already in use"),
  ):
    meet(Rank(f"localhost:{port}", 2, 0), Stopping(), "a", 1)


def test_a_process_of_another_run_is_not_taken_for_one_of_this(port):
  def one(index, run):
    return lambda: meet(Rank(f"localhost:{port}", 2, index), Stopping(), run, 3)

  assert together(one(0, "a"), one(1, "b")) == [
    "of 2 processes, 1 did not come within 3 s",
    f"another run is at localhost:{port}: use another port",
  ]


def test_a_folder_that_not_all_share_is_refused(lines, tmp_path, monkeypatch):
  monkeypatch.setattr(train, "_SHARED", 0.1)
  homes = [Workdir(tmp_path / name) for name in ("here", "here", "there")]
  homes[0].make()
  homes[0].status("running")
  found = together(*[lambda x=x: train._check_shared(*x) for x in zip(homes, lines, strict=True)])
  assert found[:2] == [None, None]
  assert "there of process 2 is not that of process 0: choose one on a file system" in found[2]


def test_who_ends_a_rest_says_so_before_anything_can_stop_it(lines, monkeypatch):
  one, said = lines[1], []
  send = one._send

  def heard(kind, value=None):
    if threading.current_thread() is threading.main_thread():
      said.append((kind, value))
    send(kind, value)

  monkeypatch.setattr(one, "_send", heard)
  with one.training(lambda: 7):
    assert said.pop() == ("alive", (7, False))
    with one.resting():
      assert said.pop() == ("alive", (7, True))
    assert said.pop() == ("alive", (7, False))


def test_an_error_that_another_ones_end_explains_is_not_ours_however_slow_we_hear_of_it(
  monkeypatch,
):
  monkeypatch.setattr(peers, "_GRACE", 0.05)
  wait, left = connection.wait, []

  def slow(*arguments):
    time.sleep(0.5)
    return wait(*arguments)

  monkeypatch.setattr(connection, "wait", slow)
  mine, theirs = multiprocessing.Pipe()
  line = Line(Rank("x:1", 2, 0), {1: mine}, Stopping())

  def leave(code, why):
    left.append((code, why))
    line._closed.set()
    if threading.current_thread() is line._thread:
      line._ending.release()  # where a process would have ended

  monkeypatch.setattr(line, "_leave", leave)
  theirs.close()
  with line.failing():
    raise RuntimeError("Connection reset by peer")
  assert left[0] == (CONTINUE, "process 1 of 2 has ended without a word (killed?)")


def test_one_process_needs_nobody():
  alone = Peers()
  assert alone.first
  assert alone.stops(True, 1)
  assert not alone.stops(False, 1)
  assert alone.by_first(lambda: os.getpid()) == os.getpid()


def test_a_watch_gives_more_time_to_what_is_slow(monkeypatch):
  now = [0.0]
  monkeypatch.setattr(watch.time, "monotonic", lambda: now[0])
  seen = Watch()
  seen.begin()
  now[0] = 1000
  assert not seen.stalled()  # the first, with its compilation
  seen.ended()
  now[0] += 4999
  assert not seen.stalled()
  now[0] += 2
  assert seen.stalled() == 5001
  seen.rest()
  assert not seen.stalled()
  seen.go_on()
  assert not seen.stalled()
  now[0] += 4999
  seen.postpone()
  now[0] += 2
  assert not seen.stalled()

  for after, waited, expected in (
    (7, 8, 8),
    (7, 6, 0),
    (0, 10**9, 0),
    (None, 19, 0),
    (None, 21, 21),
  ):
    seen = Watch(after)
    seen.begin()
    seen.ended()
    now[0] += waited
    assert seen.stalled() == expected
