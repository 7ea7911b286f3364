"""The points of a study side by side: chosen, run, stopped, killed at random, and run again."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from configs import base
from nmt.errors import UserError
from nmt.launching import claim, rounds
from nmt.workdir import Workdir

ROOT = Path(__file__).parents[2]

STUDY = """
  from nmt.launching.points import seeds

  def sweep():
    yield {"model.size": 8}
    yield {"model.size": 9}

  def sweep_seed():
    return seeds(2)

  def report(workdirs):
    print("report of", *workdirs)
"""
NAMES = ["size=8,seed=1", "size=9,seed=1", "size=8,seed=2", "size=9,seed=2"]


@pytest.fixture
def flag(tmp_path):
  path = tmp_path / "study.py"
  path.write_text(textwrap.dedent(STUDY))
  return [f"--sweep={path}", f"--workdir={tmp_path / 'w'}", "--config=configs/quickstart.py"]


def launcher(script, flag, **more):
  """launch.py in a process of its own, with a script in the place of nmt.train."""
  code = (
    "import sys, launch; from nmt import cli; from nmt.launching import local\n"
    f"local.WORKER = (sys.executable, {str(script)!r})\ncli.entry(launch.main)"
  )
  return subprocess.Popen([sys.executable, "-c", code, *flag], cwd=ROOT, **more)


WITH_ANOTHER = """
  W.make()
  print("hello from", W.path.name)
  others = [W.path.parent / name / "seen" for name in NAMES if name[-1] == W.path.name[-1]]
  (W.path / "seen").touch()
  for _ in range(10_000):
    if all(path.exists() for path in others):
      W.status("done", update=3, updates=3, best={"update": 3, "bleu": 5.0})
      sys.exit()
    time.sleep(.01)
  sys.exit(1)
"""


def test_points_run_at_once_and_each_keeps_a_log(tmp_path, worker, flag, capfd):
  import launch

  worker(WITH_ANOTHER.replace("NAMES", repr(NAMES)))
  assert launch.main([*flag, "--parallel=2"]) == 0
  out = capfd.readouterr().out
  assert out.endswith("report of " + " ".join(NAMES) + "\n")
  for name in NAMES:
    assert f"{tmp_path / 'w' / name}: done: update 3/3, best bleu 5" in out
    assert (tmp_path / "w" / name / "log").read_text() == f"hello from {name}\n"


def test_study_json_says_what_the_study_is(tmp_path, worker, flag):
  import launch

  path = tmp_path / "study.py"
  path.write_text(
    '"""Does it\nmatter?\n\nWhat else."""\n'
    + "METRIC = 'chrf'\nSPLIT = 'long'\nBASELINE = {'model.size': 8}\n"
    + textwrap.dedent(STUDY)
  )
  worker("W.status('done')")
  assert launch.main([*flag, "--parallel=4"]) == 0
  found = json.loads((tmp_path / "w" / "study.json").read_text())
  prints = found.pop("fingerprints")
  assert found == {
    "study": str(path), "name": "study", "question": "Does it matter?", "metric": "chrf",
    "split": "long", "baseline": {"model.size": 8},
    "points": {
      name: {"model.size": int(name[5]), "seed": int(name[-1])} for name in NAMES
    },
  }  # fmt: skip
  for name in NAMES:
    origin = json.loads((tmp_path / "w" / name / "provenance.json").read_text())
    assert origin["fingerprint"] == prints[name]


def test_some_of_the_points_are_run_and_the_report_waits_for_the_rest(
  tmp_path, worker, flag, capfd
):
  import launch

  worker("print('run', W.path.name, flush=True); sys.exit(1)")
  assert launch.main([*flag, "--only=*seed=2"]) == 1
  worker("print('run', W.path.name, flush=True); W.status('done')")
  capfd.readouterr()

  def runs():
    out = capfd.readouterr().out
    assert ("report of" in out) == (len(runs_before) == 4)
    return re.findall(r"^run (.*)", out, re.M)

  runs_before = []
  assert launch.main([*flag, "--only=failed"]) == 0
  assert runs() == [NAMES[2], NAMES[3]]
  assert launch.main([*flag, "--only=size=8*"]) == 0
  assert runs() == [NAMES[0]]
  runs_before = NAMES
  assert launch.main([*flag, "--only=*9,seed=1"]) == 0
  assert runs() == [NAMES[1]]
  assert launch.main([*flag, "--only=failed"]) == 0
  assert runs() == []
  with pytest.raises(UserError, match=r"--only=size=7\*: no point is called so"):
    launch.main([*flag, "--only=size=7*"])


def test_a_dry_run_says_what_would_run_and_does_nothing(tmp_path, worker, flag, capfd):
  import launch

  worker("raise SystemExit(1)")
  assert launch.main([*flag, "--dry-run"]) == 0
  assert not (tmp_path / "w").exists()
  assert capfd.readouterr().out.splitlines() == [
    *(f"{name}: start" for name in NAMES), f"4 points in {tmp_path / 'w'}, 4 of them to run"
  ]  # fmt: skip
  home = Workdir(tmp_path / "w" / NAMES[1])
  claim.claim(home, base.get_config())
  assert launch.main([*flag, "--dry-run", "--only=*seed=1"]) == 1
  assert "holds a run of another config" in capfd.readouterr().out.splitlines()[1]


# A run of 30 updates that saves each, and whose end depends on all of them. It ends only once the
# study is left in peace.
COUNTING = """
  import hashlib, json, random
  from nmt.files import read_json, write_json
  from nmt.exit_codes import CONTINUE
  asked = []
  signal.signal(signal.SIGTERM, lambda *_: asked.append(1))
  with W.lock():
    saved = W.path / "saved.json"
    peace = W.path.parent / "peace"
    update, text = read_json(saved) if saved.exists() else (0, W.path.name)
    while update < 30 or not peace.exists():
      if asked:
        W.status("stopped", update=update)
        sys.exit(CONTINUE)
      time.sleep(.01)
      if update < 30:
        update, text = update + 1, hashlib.sha256(text.encode()).hexdigest()
        write_json(saved, (update, text))
    W.status("done", update=update)
"""


def progress(folder):
  return {path: path.read_bytes() for path in folder.glob("*/saved.json")}


@pytest.mark.slow
def test_a_study_killed_at_random_ends_like_one_that_was_not(tmp_path, worker, flag, capfd):
  import launch

  script = worker(COUNTING)
  flag += ["--parallel=2", "--only=*seed=1"]
  for name in ("calm", "w"):
    (tmp_path / name).mkdir()
  (tmp_path / "calm" / "peace").touch()
  assert launch.main([*flag, f"--workdir={tmp_path / 'calm'}"]) == 0
  draw = random.Random(1)
  codes = []
  for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
    running = launcher(script, flag, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    before = progress(tmp_path / "w")
    while before == progress(tmp_path / "w") and running.poll() is None:
      time.sleep(0.01)
    time.sleep(draw.uniform(0, 0.2))
    running.send_signal(number)
    codes.append(running.wait())
    for name in NAMES[:2]:
      end = time.monotonic() + 100
      while Workdir(tmp_path / "w" / name).held():  # its parent killed, a worker stops by itself
        assert time.monotonic() < end
        time.sleep(0.01)
    if codes[-1] == 0:
      break
    (tmp_path / "w" / "peace").touch()
  assert codes[0] == -signal.SIGKILL
  # Told to stop before its workers or after them, a launcher has nothing to end in order.
  assert {*codes[1:]} <= {75, 0, -signal.SIGKILL, -signal.SIGTERM}
  assert launch.main(flag) == 0
  for name in NAMES[:2]:
    results = [(tmp_path / folder / name / "saved.json").read_bytes() for folder in ("calm", "w")]
    assert results[0] == results[1]


def test_one_request_to_stop_reaches_all_workers_and_starts_no_other(tmp_path, worker, flag, capfd):
  import launch

  worker(
    """
    def stop(*_):
      W.status("stopped")
      sys.exit(75)
    signal.signal(signal.SIGTERM, stop)
    W.make()
    (W.path / "ready").touch()
    while len(list(W.path.parent.glob("*/ready"))) < 2:
      time.sleep(.01)
    if W.path.name == NAME:
      os.kill(os.getppid(), signal.SIGTERM)
    time.sleep(300)
    """.replace("NAME", repr(NAMES[0]))
  )
  assert launch.main([*flag, "--parallel=2"]) == 75
  out = capfd.readouterr().out
  assert out.count("stopped; the same command continues it") == 2
  assert "not started (and 1 more); the same command goes on with it" in out
  assert "report of" not in out


def test_a_run_that_somebody_else_stops_goes_on_while_it_gets_further(
  tmp_path, worker, flag, capfd
):
  import launch

  worker(
    """
    update = W.read_status().get("update", 0)
    if W.path.name == NAME or update < 3:
      W.status("stopped", update=min(update + 1, 2 if W.path.name == NAME else 9))
      sys.exit(75)
    W.status("done", update=update)
    """.replace("NAME", repr(NAMES[0]))
  )
  assert launch.main([*flag, "--only=*seed=1"]) == 1
  assert Workdir(tmp_path / "w" / NAMES[1]).read_status()["state"] == "done"
  failed = Workdir(tmp_path / "w" / NAMES[0]).read_status()
  assert failed["state"] == "failed"
  assert failed["reason"] == "it was stopped 3 times at update 2, and nobody asked for it"
  out, err = capfd.readouterr()
  assert out.count("nobody here asked for it; it will go on") == 3 + 3
  assert "stopped 3 times at update 2" in err


def test_a_done_study_is_recognised_in_a_moment(tmp_path, worker, flag, capfd):
  import launch

  path = tmp_path / "study.py"
  path.write_text("def sweep():\n  return [{'seed': seed} for seed in range(30)]\n")
  worker("W.status('done')")
  assert launch.main([*flag, "--only=seed=0"]) == 0
  first = tmp_path / "w" / "seed=0"
  config = json.loads((first / "config.json").read_text())
  for seed in range(1, 30):
    home = Workdir(tmp_path / "w" / f"seed={seed}")
    home.make()
    home.config.write_text(json.dumps(config | {"seed": seed}))
    home.status("done")
  start = time.process_time()
  assert launch.main(flag) == 0
  assert time.process_time() - start < 1.5  # 5 s for a hundred
  assert capfd.readouterr().out.count("finished already") == 30


def test_choosing_by_name_is_by_whole_names():
  homes = {name: Workdir(name) for name in NAMES}
  assert rounds.choose(homes, None) == NAMES
  assert rounds.choose(homes, "size=8,seed=1") == [NAMES[0]]
  with pytest.raises(UserError, match=r"did you mean size=8,seed=1\?"):
    rounds.choose(homes, "size8,seed=1")


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no terminals")
def test_a_terminal_shows_a_table_that_lives(tmp_path, worker, flag):
  script = worker("W.make(); W.status('running', update=4, updates=8); W.status('done', update=8)")
  ours, theirs = os.openpty()
  terminal = os.environ | {"TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
  flag.append("--parallel=2")
  running = launcher(script, flag, stdout=theirs, stderr=theirs, env=terminal)
  os.close(theirs)
  shown = b""
  while True:
    try:
      got = os.read(ours, 1 << 16)
    except OSError:  # the other end is closed
      break
    if not got:
      break
    shown += got
  os.close(ours)
  assert running.wait() == 0
  text = shown.decode()
  assert "4 done" in text
  assert "report of" in text
  assert all(name in text for name in NAMES)


def test_two_launchers_share_a_study_and_run_each_point_once(tmp_path, worker, flag):
  script = worker(
    """
    with W.lock():
      if W.read_status().get("state") == "done":
        sys.exit()
      with open(W.path / "runs", "a") as file:
        file.write("x")
      time.sleep(.3)
      W.status("done")
    """
  )
  output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
  both = [launcher(script, flag, **output) for _ in range(2)]
  outputs = [one.communicate()[0] for one in both]
  for one, out in zip(both, outputs, strict=True):
    if one.returncode != 0:  # the other was still at the last one
      assert "is in use by a live run" in out
      assert "\n1 of 4 points failed:\n" in out
  assert 0 in [one.returncode for one in both]
  assert [(tmp_path / "w" / name / "runs").read_text() for name in NAMES] == ["x"] * 4
