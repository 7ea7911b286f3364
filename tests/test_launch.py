"""launch.py: flags become a checked config, a folder belongs to one config, workers are obeyed."""

import json
import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from configs import base
from nmt import config as config_lib
from nmt.errors import UserError
from nmt.launching import claim, flags, local, sweep
from nmt.launching.local import Local
from nmt.workdir import Workdir

ROOT = Path(__file__).parents[1]


def launch(*arguments, cwd=ROOT):
  return subprocess.run(
    [sys.executable, ROOT / "launch.py", *arguments], capture_output=True, text=True, cwd=cwd
  )


@pytest.fixture
def worker(tmp_path, monkeypatch):
  """Puts a script in the place of nmt.train; it is given W and ends with the code of its text."""

  def use(text):
    script = tmp_path / "worker.py"
    head = (
      "import os, signal, sys, time; from nmt.workdir import Workdir; W = Workdir(sys.argv[2])\n"
    )
    script.write_text(head + textwrap.dedent(text))
    monkeypatch.setattr(local, "WORKER", (sys.executable, str(script)))
    return script

  return use


def run(home):
  with Local() as executor:
    return executor.run(home)


# Flags


def test_launching_imports_no_jax():
  code = "import sys, launch; print(sorted({'jax', 'flax', 'tensorflow'} & sys.modules.keys()))"
  done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
  assert done.stdout == "[]\n", done.stderr


def test_without_flags_it_is_the_quickstart_and_its_study():
  order = flags.parse([])
  assert claim.differences(order.config, flags.load("configs/quickstart.py")) == []
  assert order.workdir == Path("runs/quickstart")
  assert order.sweep.samefile(ROOT / "experiments" / "lengths.py")


def test_flags_change_the_config_and_nothing_else():
  changes = ["--config.model.size=7", "--config.train.clip", "2", "--noconfig.model.tie"]
  order = flags.parse(
    ["--config=configs/multi30k.py:de-en", *changes, "--config.data.test=('val',)", "--workdir=w"]
  )
  changes = claim.differences(flags.load("configs/multi30k.py", "de-en"), order.config)
  assert changes == [
    "data.test: ('test_2016_flickr',) -> ('val',)",
    "model.size: 320 -> 7",
    "model.tie: True -> False",
    "train.clip: 1.0 -> 2.0",
  ]
  assert (order.workdir, order.sweep) == (Path("w"), None)
  assert flags.parse(["--config=configs/multi30k.py:de-en"]).workdir == Path("runs/multi30k-de-en")


@pytest.mark.parametrize(
  ("arguments", "line"),
  [
    (["--config.model.sise=5"], "unknown config key model.sise; did you mean model.size?"),
    (["--config.beam=5"], "unknown config key beam; did you mean decode.beam?"),
    (["--config.model.size=big"], "--config.model.size=big"),
    (["--config.model.size=1.5"], "--config.model.size=1.5"),
    (["--config.train.clip=x"], "--config.train.clip=x"),
    (["--config.model.tie=perhaps"], "--config.model.tie=perhaps"),
    (["--config.model=5"], "config key model is a group; set one of: model.attention.kind, "),
    (["--config.model.size"], "--config.model.size"),
    (["--config.model.attention.kind=aditive"], "none; did you mean additive?"),
    (["--config.model.maxout=97", "--config.model.tie=true"], "model.tie needs model.maxout =="),
    (["--config=configs/quickstat.py"], "no such file; there are: configs/europarl.py, configs/mu"),
    (
      ["--config=configs/multi30k.py:de-fr"],
      "no variant de-fr; it has: en-de, en-fr, de-en, fr-en",
    ),
    (["--config=configs/quickstart.py:x"], "has no variants"),
    (["--config=LICENSE"], "not a Python file"),
    (["--sweep=experiments/length.py"], "did you mean experiments/lengths.py?"),
    (["--wrkdir=x"], "unknown flag --wrkdir=x; did you mean workdir?"),
    (["x"], "what is x?"),
  ],
)
def test_a_wrong_flag_is_one_line_that_names_it(arguments, line):
  with pytest.raises(UserError, match=re.escape(line)):
    flags.parse(arguments)


def test_a_wrong_flag_ends_the_program_without_a_trace(tmp_path):
  done = launch("--config.model.sise=5", cwd=tmp_path)
  assert (done.returncode, done.stdout) == (2, "")
  assert done.stderr == "error: unknown config key model.sise; did you mean model.size?\n"
  assert not list(tmp_path.iterdir())


def test_a_fault_in_a_config_file_is_named_with_its_line(tmp_path):
  path = tmp_path / "mine.py"
  path.write_text("from configs import base\n\nx = 1 / 0\n")
  with pytest.raises(UserError, match=r"mine\.py, line 3: ZeroDivisionError"):
    flags.load(str(path))


def test_help_lists_the_flags():
  done = launch("--help")
  assert done.returncode == 0
  assert all(flag in done.stdout for flag in ("--config", "--sweep", "--workdir"))


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("[!_]*.py")), ids=lambda p: p.stem)
def test_every_config_and_every_variant_is_valid(path):
  variants = getattr(flags.execute(path), "VARIANTS", ())
  first = flags.load(str(path))
  keys = config_lib.flatten(base.get_config()).keys()
  for variant in ("", *variants):
    config = flags.load(str(path), variant)
    config_lib.validate(config)
    assert config_lib.flatten(config).keys() == keys
    assert variant not in variants[:1] or config == first


def test_the_base_is_the_paper():
  assert flags.load("configs/base.py").model == flags.load("configs/rnnsearch.py").model


# Folders


def test_a_folder_is_new_then_unfinished_then_done(tmp_path):
  home, config = Workdir(tmp_path / "w"), base.get_config()
  assert claim.look(home, config) == "new"
  assert not home.path.exists()
  assert claim.claim(home, config) == "new"
  assert config_lib.load(home.config) == config
  assert claim.claim(home, config) == "unfinished"
  home.status("done")
  assert claim.claim(home, config) == "done"


def test_another_config_is_refused_and_touches_nothing(tmp_path):
  home, config = Workdir(tmp_path), base.get_config()
  claim.claim(home, config)
  before = {path: path.read_bytes() for path in tmp_path.iterdir()}
  config.model.size = 7
  config.data.test = ("test", "long")
  with pytest.raises(UserError, match=r"model\.size: 1000 -> 7; choose another") as caught:
    claim.claim(home, config)
  assert "data.test: ('test',) -> ('test', 'long')" in str(caught.value)
  lock = {home.lock_file: home.lock_file.read_bytes()}
  assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before | lock


def test_a_live_run_is_left_alone(tmp_path):
  home = Workdir(tmp_path)
  with home.lock(), pytest.raises(UserError, match="in use by a live run"):
    claim.claim(home, base.get_config())


def test_provenance_says_how_every_start_came_about(tmp_path):
  home = Workdir(tmp_path)
  claim.claim(home, base.get_config())
  claim.claim(home, base.get_config())
  origin = json.loads(home.provenance.read_text())
  for start in (origin, *origin["resumed"]):
    assert start["command"] == sys.argv
    assert start["packages"]["numpy"]
    assert start["git"].keys() == {"commit", "dirty"}
    assert start["started"] > 1.7e9
  assert len(origin["resumed"]) == 1


# Workers


def test_a_worker_turned_away_by_a_live_run_does_not_touch_its_status(tmp_path, worker):
  worker("sys.exit(2)")
  home = Workdir(tmp_path)
  with home.lock():
    home.status("running")
    assert run(home) == 2
    assert home.read_status()["state"] == "running"


@pytest.mark.parametrize("code", [0, 75, 3])
def test_the_exit_code_of_the_worker_is_passed_on(tmp_path, worker, code):
  worker(f"W.make(); W.status('running', update=5); sys.exit({code})")
  home = Workdir(tmp_path / "w")
  assert run(home) == code
  status = home.read_status()
  assert status["update"] == 5
  assert status["state"] == ("failed" if code == 3 else "running")


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


OBEYING = """
  signal.signal(signal.SIGTERM, lambda *_: sys.exit(75))
  signal.signal(signal.SIGINT, lambda *_: sys.exit(75))
  print("ready", flush=True)
  time.sleep(60)
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
  assert [p.name for p in (tmp_path / "w").iterdir()] == ["rnnsearch"]


# Studies


def study(tmp_path, body):
  path = tmp_path / "study.py"
  path.write_text(textwrap.dedent(body))
  return path


def test_the_points_of_a_study_run_in_turn_and_are_reported_once_all_are_done(
  tmp_path, worker, monkeypatch, capfd
):
  import launch

  path = study(
    tmp_path,
    """
    def sweep():
      yield {"name": "a", "model.size": 8}
      yield {"model.size": 9, "train.clip": 2}

    def report(workdirs):
      print("report of", {name: path.name for name, path in workdirs.items()})
    """,
  )
  flag = [f"--sweep={path}", f"--workdir={tmp_path / 'w'}", "--config=configs/quickstart.py"]
  worker("print('run', W.path.name, flush=True); W.status('done')")
  assert launch.main(flag) == 0
  shown = capfd.readouterr().out.splitlines()
  names = ["a", "model.size=9,train.clip=2"]
  assert [line for line in shown if line.startswith("run ")] == [f"run {name}" for name in names]
  assert shown[-1] == f"report of {dict(zip(names, names, strict=True))}"
  assert config_lib.load(tmp_path / "w" / names[1] / "config.json").train.clip == 2.0

  worker("sys.exit(1)")  # would fail, were anything run again
  assert launch.main(flag) == 0
  assert capfd.readouterr().out.count("finished already") == 2

  with pytest.raises(UserError, match="another config"):
    launch.main([*flag, "--config.train.clip=5"])


def test_a_run_that_failed_before_its_first_checkpoint_gives_way(tmp_path):
  home, config = Workdir(tmp_path), base.get_config()
  assert claim.claim(home, config) == "new"
  home.status("failed", reason="data.dir=/wrong: no such folder")
  other = base.get_config()
  other.model.size = 7
  assert claim.claim(home, other) == "new"
  assert config_lib.load(home.config).model.size == 7
  home.status("failed")
  (home.checkpoints / "5").mkdir(parents=True)
  with pytest.raises(UserError, match="another config"):
    claim.claim(home, config)


@pytest.mark.parametrize(
  ("point", "line"),
  [
    ({"model.sise": 8}, "unknown config key model.sise; did you mean model.size?"),
    ({"model.size": "big"}, "model.size='big' is not of type int"),
    ({"model.size": 0}, "model.size=0 must be"),
  ],
)
def test_a_wrong_point_is_refused_before_anything_runs(tmp_path, point, line):
  path = study(tmp_path, f"def sweep():\n  return [{point!r}]\n")
  with pytest.raises(UserError, match=re.escape(line)):
    sweep.read(path, base.get_config())


def test_points_of_one_name_are_refused(tmp_path):
  path = study(tmp_path, "def sweep():\n  return [{'seed': 1}, {'seed': 1}]\n")
  with pytest.raises(UserError, match="two points are called seed=1"):
    sweep.read(path, base.get_config())


def test_the_study_of_lengths_shows_both_curves(tmp_path, capsys):
  read = sweep.read(ROOT / "experiments" / "lengths.py", flags.load("configs/quickstart.py"))
  assert [c.model.attention.kind for c in read.points.values()] == ["additive", "none"]
  lines = [" ".join(f"w{i}" for i in range(words)) for words in (5, 8, 25, 70)]
  for name, config in read.points.items():
    home = Workdir(tmp_path / name)
    home.test.mkdir(parents=True)
    config_lib.save(config, home.config)
    cut = None if name == "rnnsearch" else 20
    for kind, limit in (("source", None), ("references", None), ("hypotheses", cut)):
      text = "".join(" ".join(line.split()[:limit]) + "\n" for line in lines)
      (home.test / f"test.{kind}").write_text(text)
  assert read.report is not None
  read.report({name: tmp_path / name for name in read.points})
  shown = capsys.readouterr().out
  rows = [re.findall(r"[\w.-]+", line) for line in shown.splitlines() if "100.0" in line]
  assert rows[0] == ["1-10", "2", "100.0", "100.0"]
  assert rows[1][:3] == ["21-30", "1", "100.0"]
  assert 0 < float(rows[1][3]) < 100
  assert (tmp_path / "lengths.png").read_bytes().startswith(b"\x89PNG")
