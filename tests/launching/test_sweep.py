"""The points of a study are checked, run in turn, and reported."""

import re
import textwrap
from pathlib import Path

import pytest

from configs import base
from nmt import config as config_lib
from nmt.errors import UserError
from nmt.launching import flags, sweep
from nmt.workdir import Workdir

ROOT = Path(__file__).parents[2]


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
    config.data.test = ("test",)
    config_lib.save(config, home.config)
    (home.test / "elsewhere.source").write_text("no split of the config\n")
    cut = None if name == "rnnsearch" else 20
    for kind, limit in (("source", None), ("references", None), ("hypotheses", cut)):
      kept = lines[: 3 if name == "rnnencdec" else None]
      text = "".join(" ".join(line.split()[:limit]) + "\n" for line in kept)
      (home.test / f"test.{kind}").write_text(text)
  assert read.report is not None
  read.report({name: tmp_path / name for name in read.points})
  shown = capsys.readouterr().out
  rows = [re.findall(r"[\w.-]+", line) for line in shown.splitlines() if "100.0" in line]
  assert rows[0] == ["1-10", "2", "100.0", "100.0"]
  assert rows[1][:3] == ["21-30", "1", "100.0"]
  assert 0 < float(rows[1][3]) < 100
  assert re.search(r"61-70 .*-", shown)  # of the longest, one run has no sentence
  assert (tmp_path / "lengths.png").read_bytes().startswith(b"\x89PNG")
