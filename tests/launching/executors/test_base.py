"""Tickets are kept and read, executors are found by name, and what is absent is so for a while."""

import pytest

from nmt.errors import UserError
from nmt.launching import executors
from nmt.launching.executors import base
from nmt.launching.executors.base import Absence, Seen, Ticket
from nmt.launching.resources import Resources
from nmt.workdir import Workdir


def ticket(folder, name="20260101-000000", submitted=1.0, **runs):
  made = Ticket(folder, name, "slurm", runs, {"gpus": 8}, submitted, "/code")
  made.save()
  return made


def test_an_executor_is_a_file_found_by_its_name():
  assert {"local", "slurm"} <= {*executors.names()}
  assert "base" not in executors.names()
  assert executors.find("slurm").name == "slurm"
  with pytest.raises(UserError, match=r"unknown executor slrum; .*did you mean slurm\?"):
    executors.find("slrum")


def test_a_run_is_in_the_hands_of_the_last_ticket_that_has_it(tmp_path):
  first = ticket(tmp_path, a="1", b="2")
  second = ticket(tmp_path, "20260101-000000-2", 2.0, b="3")
  assert base.tickets(tmp_path) == [first, second]
  assert executors.newest(tmp_path, ["a", "b", "c"]) == [(second, ["b"]), (first, ["a"])]
  assert executors.newest(tmp_path, ["b"]) == [(second, ["b"])]


def test_a_damaged_ticket_is_named(tmp_path):
  ticket(tmp_path)
  path = tmp_path / "tickets" / "20260101-000000.json"
  for text, line in (("{", "not JSON"), ('{"x": 1}', "is no ticket of this version")):
    path.write_text(text)
    with pytest.raises(UserError, match=line):
      base.tickets(tmp_path)


def test_two_tickets_of_one_second_have_two_names(tmp_path, monkeypatch):
  monkeypatch.setattr("time.strftime", lambda *_: "20260101-000000")
  assert base.new_id(tmp_path) == "20260101-000000"
  ticket(tmp_path)
  assert base.new_id(tmp_path) == "20260101-000000-2"


def test_the_run_s_own_file_is_the_truth(tmp_path):
  home = Workdir(tmp_path)
  assert base.settled(home, None) is None
  home.make()
  home.status("failed", reason="no data")
  told = home.read_status()["time"]
  assert base.settled(home, told) is None  # that of an earlier attempt
  for before in (None, told - 1, told + 1):  # whatever the clock of the worker's machine
    assert base.settled(home, before) == Seen("failed", "no data")
  for state in ("running", "stopped"):
    home.status(state)
    assert base.settled(home, None) is None
  home.status("done")
  assert base.settled(home, home.read_status()["time"]) == Seen("done")


def test_a_ticket_knows_how_runs_stood_as_they_were_submitted(tmp_path):
  homes = {name: Workdir(tmp_path / name) for name in ("new", "failed")}
  homes["failed"].make()
  homes["failed"].status("failed")
  order = base.Submission(tmp_path, homes, Resources(), tmp_path, "1")
  made = Ticket.of(order, "pool", {})
  assert made.before == {"failed": homes["failed"].read_status()["time"]}


def test_absence_counts_only_while_it_lasts_whoever_asks(tmp_path):
  one = ticket(tmp_path, a="1", b="2")
  assert Absence(one).seconds(["a", "b"], now=100.0) == {"a": 0.0, "b": 0.0}
  assert Absence(one).seconds(["a"], now=150.0) == {"a": 50.0}
  assert Absence(one).seconds(["a", "b"], now=160.0) == {"a": 60.0, "b": 0.0}
  assert Absence(one).seconds(["b"], now=90.0) == {"b": 0.0}  # the clock was set back
  assert base.tickets(tmp_path) == [one]
