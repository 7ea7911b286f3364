"""The points of a study are checked, run in turn, and reported."""

import re
import shutil
import textwrap
from pathlib import Path

import pytest

from configs import base
from nmt import config as config_lib
from nmt.errors import UserError
from nmt.launching import claim, flags, sweep
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
  names = ["a", "size=9,clip=2"]
  assert [line for line in shown if line.startswith("run ")] == [f"run {name}" for name in names]
  assert shown[-1] == f"report of {dict(zip(names, names, strict=True))}"
  assert config_lib.load(tmp_path / "w" / names[1] / "config.json").train.clip == 2.0

  worker("sys.exit(1)")  # would fail, were anything run again
  assert launch.main(flag) == 0
  assert capfd.readouterr().out.count("finished already") == 2


FAILING = """
  import pathlib
  print("run", W.path.name, flush=True)
  if W.path.name == "bad" and not pathlib.Path(MENDED).exists():
    W.status("failed", reason="x.en: no such file")
    sys.exit(2)
  if W.path.name == "killed" and not pathlib.Path(MENDED).exists():
    os.kill(os.getpid(), signal.SIGKILL)
  W.status("done")
"""


def test_a_point_that_fails_keeps_no_other_from_running_and_is_tried_again(tmp_path, worker, capfd):
  import launch

  path = study(
    tmp_path,
    """
    def sweep():
      for size, name in enumerate(("bad", "good", "killed", "other", "busy"), 3):
        yield {"name": name, "model.size": size}

    def report(workdirs):
      print("report of", *workdirs)
    """,
  )
  w, mended = tmp_path / "w", tmp_path / "mended"
  flag = [f"--sweep={path}", f"--workdir={w}", "--config=configs/quickstart.py"]
  worker(FAILING.replace("MENDED", repr(str(mended))))
  claim.claim(Workdir(w / "other"), flags.load("configs/quickstart.py"))
  with Workdir(w / "busy").lock():
    assert launch.main(flag) == 1
  out, err = capfd.readouterr()
  assert [line for line in out.splitlines() if line[:4] == "run "] == [
    "run bad", "run good", "run killed"
  ]  # fmt: skip
  assert "report of" not in out
  assert err.startswith("error: ")  # what is refused is said before anything runs
  assert "holds a run of another config" in err.splitlines()[0]
  end = err[err.index("4 of 5 points failed:\n") :]
  assert f"  bad: x.en: no such file (exit code 2; see {w / 'bad' / 'status.json'})\n" in end
  assert "  killed: no reason given (exit code 137; see " in end
  assert f"  other: workdir {w / 'other'} holds a run of another config: model.size" in end
  assert f"  busy: workdir {w / 'busy'} is in use by a live run" in end
  assert "the report waits for them" in end

  mended.touch()
  shutil.rmtree(w / "other")
  assert launch.main(flag) == 0
  out, err = capfd.readouterr()
  assert "run good" not in out
  assert out.endswith("report of bad good killed other busy\n")
  assert err == ""


def test_a_failure_while_stopping_ends_the_study(tmp_path, worker, capfd):
  import launch

  path = study(tmp_path, "def sweep():\n  return [{'seed': 1}, {'seed': 2}]\n")
  worker(
    "signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))\n"
    "os.kill(os.getppid(), signal.SIGTERM)\ntime.sleep(300)"
  )
  flag = [f"--sweep={path}", f"--workdir={tmp_path / 'w'}", "--config=configs/quickstart.py"]
  assert launch.main(flag) == 75
  assert [path.name for path in (tmp_path / "w").glob("*/")] == ["seed=1"]
  assert "1 of 2 points failed" in capfd.readouterr().err


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


@pytest.mark.parametrize(
  ("names", "line"),
  [
    (["a", "a"], "two points are called a; give each"),
    (["a/b", "a_b"], "two points are called a_b; give each"),
    (["Adam", "ADAM"], "two points are called ADAM and Adam, the same to some disks"),
    (["\u00e9", "e\u0301"], "two points are called \u00e9; give each"),
    (["base", None], "two points are called base"),
    (["."], "a point can't be called .: "),
    ([".."], "a point can't be called ..: "),
    (["../.."], "a point can't be called .._..: "),
    ([".hidden"], "names of folders start with no dot"),
    (["checkpoints"], "a run's own folder has that name"),
    (["Lock"], "a run's own folder has that name"),
    (["nonfinite"], "a run's own folder has that name"),
    (["é" * 128], "would have 256 bytes, more than 255"),
  ],
)
def test_a_name_that_can_be_no_folder_of_its_own_is_refused(tmp_path, names, line):
  points = [{"name": name} for name in names]
  with pytest.raises(UserError, match=re.escape(line)):
    sweep.read(study(tmp_path, f"def sweep():\n  return {points!r}\n"), base.get_config())


def test_every_point_has_a_folder_right_inside_that_of_the_study(tmp_path):
  names = ["", " ", "/", "/abs", "a\nb", "-x", "x..", 0, None, "a" * 255]
  points = [{"name": name, "seed": number} for number, name in enumerate(names)]
  path = study(tmp_path, f"def sweep():\n  return {points!r}\n")
  with pytest.raises(UserError, match="two points are called _"):
    sweep.read(path, base.get_config())
  points[1]["name"] = "b"
  path.write_text(f"def sweep():\n  return {points!r}\n")
  found = sweep.read(path, base.get_config()).points
  assert len(found) == len(names)
  for name in found:
    (tmp_path / "w" / name).mkdir(parents=True)
  assert sorted(home.name for home in (tmp_path / "w").iterdir()) == sorted(found)


@pytest.mark.parametrize(
  ("body", "line"),
  [
    ("", "study.py: a study needs a function sweep(); studies are: experiments/"),
    ("sweep = 5", "a study needs a function sweep()"),
    (
      "def sweep():\n  pass",
      "sweep() must yield or return points, each a dict of config keys, not",
    ),
    ("def sweep():\n  return {'seed': 1}", "each a dict of config keys, not a dict"),
    ("def sweep():\n  return []", "sweep() yields no point"),
    (
      "def sweep():\n  yield {}\n  yield 5",
      "point 2 of sweep() must be a flat dict of config keys",
    ),
    ("def sweep():\n  yield {5: 1}", "point 1 of sweep() must be a flat dict of config keys"),
    ("def sweep():\n  yield {'model': {'size': 5}}", "config key model is a group; set one of"),
    ("def sweep():\n  yield {}\n  yield {}[3]", "study.py, line 3: KeyError: 3"),
    ("def sweep():\n  raise SystemExit", "study.py, line 2: SystemExit"),
    ("def sweep(x):\n  pass", "study.py: a study needs a function sweep(); studies are"),
    ("def sweep():\n  yield {}\nreport = 'x'", "report is no function"),
    ("def sweep():\n  yield {}\ndef report():\n  pass", "report is no function of the points'"),
  ],
)
def test_a_fault_of_a_study_is_one_line_before_anything_runs(tmp_path, body, line):
  with pytest.raises(UserError, match=re.escape(line)):
    sweep.read(study(tmp_path, body), base.get_config())


def test_a_file_without_points_is_no_study():
  with pytest.raises(UserError, match=r"cost\.py: a study needs .* studies are: experiments/"):
    sweep.read(ROOT / "experiments" / "benchmarks" / "cost.py", base.get_config())


def test_the_study_of_lengths_shows_a_curve_a_model_for_each_longest_sentence(tmp_path, capsys):
  read = sweep.read(ROOT / "experiments" / "lengths.py", flags.load("configs/quickstart.py"))
  assert len(read.points) == 18
  lines = [" ".join(f"w{i}" for i in range(words)) for words in (5, 8, 25, 70)]
  for name, config in read.points.items():
    home = Workdir(tmp_path / name)
    home.test.mkdir(parents=True)
    config.data.test = ("test",)
    config_lib.save(config, home.config)
    (home.test / "elsewhere.source").write_text("no split of the config\n")
    cut = None if name.startswith("rnnsearch") else 20 + config.seed
    for kind, limit in (("source", None), ("references", None), ("hypotheses", cut)):
      kept = lines[: 3 if name.startswith("rnnencdec") else None]
      text = "".join(" ".join(line.split()[:limit]) + "\n" for line in kept)
      (home.test / f"test.{kind}").write_text(text)
  assert read.report is not None
  read.report({name: tmp_path / name for name in read.points})
  shown = capsys.readouterr().out
  tables = shown.split("BLEU by words")[1:]
  assert [re.findall(r"trained on at most (\d+)", table) for table in tables] == [["15"], ["24"]]
  for table in tables:
    rows = [re.findall(r"[\d.-]+", line) for line in table.splitlines() if "100.0" in line]
    assert rows[0] == ["1-10", "2", *["100.0"] * 9]
    assert rows[1][:5] == ["21-30", "1", "100.0", "100.0", "100.0"]
    mean, low, high = map(float, rows[1][5:8])
    assert 0 < low < mean < high < 100  # of seeds that differ
    assert re.search(r"61-70 .*-", table)  # of the longest, one model has no sentence
  assert (tmp_path / "lengths.png").read_bytes().startswith(b"\x89PNG")


def test_the_quickstart_is_a_part_of_that_study(tmp_path):
  few, many = (
    sweep.read(ROOT / "experiments" / f"{name}.py", flags.load("configs/quickstart.py")).points
    for name in ("quickstart", "lengths")
  )
  for name, config in few.items():
    assert config == many[f"{name},max_words=24,seed=1"]


def test_a_study_that_has_just_been_changed_is_read_as_it_is(tmp_path):
  for seed in range(1, 5):  # texts of one length, within a second
    path = study(tmp_path, f"def sweep():\n  yield {{'seed': {seed}}}\n")
    assert [c.seed for c in sweep.read(path, base.get_config()).points.values()] == [seed]
  assert not list(tmp_path.glob("__pycache__"))  # nothing is left beside it


def read(tmp_path, body, home=None):
  """The names of the points of a study, and their sizes and rates of clipping."""
  found = sweep.read(study(tmp_path, body), base.get_config(), home)
  return {name: (c.model.size, c.train.clip, c.seed) for name, c in found.points.items()}, found


def test_all_points_of_a_seed_come_before_the_next(tmp_path):
  body = """
    def sweep():
      return [{"model.size": 8}, {"model.size": 9}]

    def sweep_seed():
      return [{"seed": 3}, {"seed": 1}]
  """
  points = list(read(tmp_path, body)[0].values())
  assert [(size, seed) for size, _, seed in points] == [(8, 3), (9, 3), (8, 1), (9, 1)]


def test_functions_that_sweep_multiply(tmp_path):
  body = """
    def sweep_size():
      yield {"model.size": 8}
      yield {"name": "big", "model.size": 9}

    def sweep():
      return [{"train.clip": 2}, {"train.clip": 3}]

    sweep_seeds = (1, 2)  # no function
  """
  points, found = read(tmp_path, body)
  assert points == {
    "size=8,clip=2": (8, 2, 1), "size=8,clip=3": (8, 3, 1),
    "big,clip=2": (9, 2, 1), "big,clip=3": (9, 3, 1),
  }  # fmt: skip
  assert found.overrides["size=8,clip=2"] == {"model.size": 8, "train.clip": 2.0, "seed": 1}
  assert len(read(tmp_path, "def sweep_seed():\n  return [{'seed': 4}]\n")[0]) == 1
  with pytest.raises(UserError, match=r"sweep\(\) x sweep_b\(\): train\.clip is to be 2 and 3 at"):
    read(tmp_path, "def sweep():\n  yield {'train.clip': 2}\ndef sweep_b():\n"
         "  yield {'train.clip': 3}")  # fmt: skip
  with pytest.raises(UserError, match=r"point 1 of sweep_b\(\) must be a flat dict"):
    read(tmp_path, "def sweep():\n  yield {}\ndef sweep_b():\n  yield 5")


def test_all_wrong_points_are_said_at_once(tmp_path, capsys):
  import launch

  path = study(
    tmp_path, "def sweep():\n  return [{'model.size': x} for x in (8, 0, 'big')] + [{'x': 1}]\n"
  )
  flag = [f"--sweep={path}", f"--workdir={tmp_path / 'w'}", "--config=configs/quickstart.py"]
  assert launch.main(flag) == 2
  lines = capsys.readouterr().err.splitlines()
  assert lines[0].startswith(f"{path}: point 2 (size=0): model.size=0 must be")
  assert lines[1] == f"{path}: point 3 (size=big): model.size='big' is not of type int"
  assert lines[2].startswith(f"{path}: point 4 (x=1): unknown config key x")
  assert lines[3] == f"error: 3 of 4 points of {path} are wrong; nothing was started"
  assert not (tmp_path / "w").exists()


def test_another_point_or_another_varied_key_leaves_names_as_they_are(tmp_path):
  home = tmp_path / "w"
  line = "def sweep():\n  return {}\n"
  before, found = read(tmp_path, line.format([{"model.size": 8}, {"data.tokenizer.size": 8}]), home)
  assert list(before) == ["size=8", "tokenizer.size=8"]  # the later of two has the longer key
  sweep.record(found, home)
  # Without a record, the order decides; with it, no name moves.
  turned = line.format([{"data.tokenizer.size": 8}, {"model.size": 8}, {"model.size": 9}])
  assert list(read(tmp_path, turned)[0]) == ["size=8", "model.size=8", "size=9"]
  after, _ = read(tmp_path, turned, home)
  assert list(after) == ["tokenizer.size=8", "size=8", "size=9"]
  assert after["size=8"] == before["size=8"]
  # A key that is varied from now on: where it has its default, the run is there already.
  clips = [{"model.size": 8, "train.clip": clip} for clip in (1, 2)]
  assert list(read(tmp_path, line.format(clips), home)[0]) == ["size=8", "size=8,clip=2"]
  with pytest.raises(UserError, match="two points are called b"):
    read(tmp_path, line.format([{"name": "b"}, {"name": "b", "seed": 2}]), home)
  clips[0]["name"] = "mine"
  assert list(read(tmp_path, line.format(clips), home)[0]) == ["mine", "size=8,clip=2"]


def test_a_folder_belongs_to_one_study(tmp_path):
  body = "def sweep():\n  return [{}]\n"
  _, found = read(tmp_path, body)
  assert list(found.points) == ["base"]
  sweep.record(found, tmp_path / "w")
  path = tmp_path / "another.py"
  path.write_text(body)
  with pytest.raises(UserError, match=r"holds the study study; choose another --workdir"):
    sweep.read(path, base.get_config(), tmp_path / "w")


@pytest.mark.parametrize(
  ("wishes", "line"),
  [
    ("METRIC = 5", "METRIC must be a score's name, such as 'bleu', not 5"),
    ("SPLIT = 'dev'", "SPLIT='dev' is not tested by every point; they have: test"),
    ("BASELINE = 5", "BASELINE must be a flat dict of config keys, not 5"),
    ("BASELINE = {'model.size': 7}", "no point has all of BASELINE: size=7"),
    ("columns = 5", "columns is no function of a run's folder: columns(run)"),
  ],
)
def test_a_wrong_wish_of_a_study_is_refused(tmp_path, wishes, line):
  with pytest.raises(UserError, match=re.escape(line)):
    read(tmp_path, f"{wishes}\ndef sweep():\n  return [{{'model.size': 8}}]\n")


def test_where_no_split_is_called_test_the_first_is_compared(tmp_path):
  body = (
    "def sweep():\n  return [{'data.corpus': 'text', 'data.dir': 'd', 'data.test': ('x', 'y')}]"
  )
  assert read(tmp_path, body)[1].split == "x"


def test_the_study_that_the_documents_build_is_one(tmp_path):
  text = (ROOT / "docs" / "studies.md").read_text(encoding="utf-8")
  code = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)[0]
  config = flags.load("configs/quickstart.py")
  found = sweep.read(study(tmp_path, code), config, tmp_path)
  assert len(found.points) == 12
  assert "attention=additive,word=0.1,seed=2" in found.points  # the folder that is named there
  assert found.question == "Does dropout of whole words help a small model?"
  assert found.baseline == {"model.attention.kind": "additive", "model.dropout.word": 0.0}
