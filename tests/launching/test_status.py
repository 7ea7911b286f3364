"""How runs are doing is read from their folders, whoever ran them, and nothing is changed."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from configs import base
from nmt import config as config_lib
from nmt.errors import UserError
from nmt.launching import status
from nmt.workdir import Workdir

ROOT = Path(__file__).parents[2]


def run(path, state=None, **fields):
  home = Workdir(path)
  home.make()
  config_lib.save(base.get_config(), home.config)
  if state is not None:
    home.status(state, **fields)
  return home


def trained(home, rate=2.0):
  kinds = [{"kind": "valid"}, {"kind": "train", "timing": {"updates_per_second": 99.0}}]
  timing = {"updates_per_second": rate, "target_tokens_per_second": 1234.5}
  lines = [*kinds, {"kind": "train", "timing": timing}, {"kind": "valid"}]
  half = '{"kind": "train", "timi'
  home.metrics.write_text("".join(json.dumps(one) + "\n" for one in lines) + half)


@pytest.fixture
def sweep(tmp_path):
  """A study of six, all in other states."""
  best = {"update": 50, "bleu": 31.25}
  run(tmp_path / "a", "done", update=100, updates=100, best=best)
  trained(run(tmp_path / "b", "running", update=60, updates=100, best=best))
  run(tmp_path / "c", "stopped", update=7, updates=100, best={"update": 0, "bleu": float("nan")})
  run(tmp_path / "d", "failed", reason="[red]no such file[/red]")
  run(tmp_path / "e", "failed", exit=137)
  points = {name: {} for name in ("f", "e", "d", "c", "b", "a")}
  (tmp_path / "study.json").write_text(json.dumps({"name": "mine", "points": points}))
  return tmp_path


def test_each_run_has_its_state_and_numbers(sweep):
  study, homes = status.find(sweep)
  assert (study, list(homes)) == ("mine", ["f", "e", "d", "c", "b", "a"])
  with homes["b"].lock():
    found = {name: status.standing(name, home) for name, home in homes.items()}
  states = [row.state for row in found.values()]
  assert states == ["waiting", "failed", "failed", "stopped", "running", "done"]
  assert (found["b"].speed, found["b"].left) == (1234.5, 20.0)
  assert status.line(found["b"]) == "update 60/100, best bleu 31.25, 1,234 tokens/s, 20 s left"
  assert (found["a"].metric, found["a"].best, found["a"].left) == ("bleu", 31.25, None)
  assert found["c"].best is None
  assert (found["d"].reason, found["e"].reason) == ("[red]no such file[/red]", "exit code 137")
  later = status.standing("b", homes["b"])  # it is held no more
  assert later.state == "stopped"
  assert "killed" in later.reason


def test_it_is_printed_as_a_table_and_as_json_and_changes_nothing(sweep, capsys):
  before = {path: path.stat().st_mtime_ns for path in sweep.rglob("*")}
  assert status.main([f"--workdir={sweep}"]) == 0
  shown = capsys.readouterr().out
  assert "[red]no such file[/red]" in shown
  assert shown.endswith("1 done, 2 stopped, 2 failed, 1 waiting\n")
  assert status.main([f"--workdir={sweep}", "--json"]) == 0
  found = json.loads(capsys.readouterr().out)
  assert found["study"] == "mine"
  assert [row["name"] for row in found["runs"]] == ["f", "e", "d", "c", "b", "a"]
  assert status.main([f"--workdir={sweep / 'a'}", "--json"]) == 0
  found = json.loads(capsys.readouterr().out)
  assert (found["study"], [row["name"] for row in found["runs"]]) == (None, ["a"])
  assert {path: path.stat().st_mtime_ns for path in sweep.rglob("*")} == before


def test_a_folder_without_runs_is_said_to_be_none(tmp_path):
  for folder, line in ((tmp_path, "holds no run"), (tmp_path / "x", "no such folder")):
    with pytest.raises(UserError, match=line):
      status.main([f"--workdir={folder}"])


def test_asking_turns_no_run_away_that_begins(tmp_path):
  home = Workdir(tmp_path)
  with home.lock():
    pass
  asking = f"import fcntl, time; f = open({str(home.lock_file)!r}); fcntl.flock(f, fcntl.LOCK_SH)"
  code = f"{asking}; print(flush=True); time.sleep(1)"  # it may be slow
  with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as asks:
    assert asks.stdout is not None
    asks.stdout.readline()
    with home.lock():
      assert home.held()
  assert not home.held()


def test_a_pipe_that_closes_is_no_error(sweep):
  command = [sys.executable, "launch.py", "status", f"--workdir={sweep}"]
  with subprocess.Popen(
    command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
  ) as process:
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""


@pytest.mark.parametrize(
  ("seconds", "shown"),
  [(5.4, "5 s"), (600, "10 min"), (12_000, "3 h 20 min"), (200_000, "2 d 7 h")],
)
def test_durations_are_short(seconds, shown):
  assert status.duration(seconds) == shown


def test_a_hundred_runs_are_read_at_once(tmp_path):
  home = run(tmp_path / "0", "done", update=1, updates=1)
  trained(home)
  config = home.config.read_bytes()
  for number in range(1, 100):
    other = Workdir(tmp_path / str(number))
    other.make()
    other.config.write_bytes(config)
    other.status("done", update=1)
  start = time.process_time()
  _, homes = status.find(tmp_path)
  assert len([status.standing(name, one) for name, one in homes.items()]) == 100
  assert time.process_time() - start < 1
