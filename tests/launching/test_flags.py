"""Flags of launch.py become a checked config; a wrong one is named in one line."""

import os
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest

from nmt import config as config_lib
from nmt.errors import UserError
from nmt.launching import claim, flags, python_files, sweep

ROOT = Path(__file__).parents[2]


def launch(*arguments, cwd=ROOT):
  return subprocess.run(
    [sys.executable, ROOT / "launch.py", *arguments], capture_output=True, text=True, cwd=cwd
  )


def test_launching_imports_no_jax():
  code = "import sys, launch; print(sorted({'jax', 'flax', 'tensorflow'} & sys.modules.keys()))"
  done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
  assert done.stdout == "[]\n", done.stderr


def test_without_flags_it_is_the_quickstart_and_its_study():
  order = flags.parse([])
  assert claim.differences(order.config, flags.load("configs/quickstart.py")) == []
  assert order.workdir == Path("runs/quickstart")
  assert order.sweep.samefile(ROOT / "experiments" / "quickstart.py")


def test_flags_change_the_config_and_nothing_else():
  changes = ["--config.model.size=7", "--config.train.clip", "2", "--noconfig.model.tie"]
  order = flags.parse(
    ["--config=configs/multi30k.py:de-en", *changes, "--config.data.test=('val',)", "--workdir=w"]
  )
  changes = claim.differences(flags.load("configs/multi30k.py", "de-en"), order.config)
  assert changes == [
    "data.test: ('test_2016_flickr',) -> ('val',)",
    "model.size: 256 -> 7",
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
    (["--config.model=5"], "config key model is a group; set one of: model.size, model.em"),
    (["--config.model.size"], "--config.model.size"),
    (["--config.model.attention.kind=aditive"], "; did you mean additive?"),
    (
      ["--config.model.readout.size=97", "--config.model.tie=true"],
      "model.readout.size == model.em",
    ),
    (
      ["--config.model.readout.kind=linear", "--config.model.tie=true", "--config.model.size=7"],
      "model.tie needs model.size == model.embedding, but they are 7 and 128",
    ),
    (["--config.model.attention.kind=none", "--config.model.attention.size=5"], "no option size"),
    (["--config=configs/quickstat.py"], "no such file; there are: configs/best.py, configs/"),
    (["--config=/else/experiments/x.py"], "no such file; there are: configs/best.py, configs/"),
    (
      ["--config=experiments/lengths.py"],
      "needs a function get_config(); a study is given by --sw",
    ),
    (
      ["--config=configs/multi30k.py:de-fr"],
      "no variant de-fr; it has: en-de, en-fr, de-en, fr-en",
    ),
    (["--config=configs/quickstart.py:x"], "has no variants"),
    (["--config=LICENSE"], "not a Python file"),
    (["--sweep=experiments/length.py"], "did you mean experiments/lengths.py?"),
    (["--sweep=mine.py"], "mine.py: no such file; there are: experiments/"),
    (["--sweep=configs/mine.py"], "no such file; there are: experiments/"),
    (["--workdir=~nobody-of-this-name/w"], "~nobody-of-this-name/w: there is no such home folder"),
    (["--config.model.tie", "perhaps"], "--config.model.tie=perhaps"),
    (["--config.train.clip", "-1"], "train.clip=-1.0 must be 0 or more"),
    (["--config.data.dir", "--profile"], "--config.data.dir"),
    (["--wrkdir=x"], "unknown flag --wrkdir=x; did you mean workdir?"),
    (["x"], "what is x?"),
    (
      ["stats"],
      "what is stats? Flags are written --config.key=value; commands are: show, status, "
      "results, cancel, work; did you mean status?",
    ),
    (["--parallel=2", "--config=quickstart"], "--parallel is for the points of a study"),
    (["--only=x", "--config=quickstart"], "--only is for the points of a study"),
    (["--dry-run", "--config=quickstart"], "--dry-run is for the points of a study"),
    (["--parallel=0"], "--parallel"),
    (
      ["--sweep=length"],
      "length: no such file; there are: experiments/",
    ),
    (["--sweep=lengths.py"], "did you mean experiments/lengths.py?"),
    (["--sweep=length"], "; did you mean lengths?"),
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


def test_a_value_may_follow_after_a_space_whatever_its_type():
  changes = {
    "mesh.data": ("-1", -1), "model.tie": ("true", True), "data.filter.distinct": ("False", False),
    "data.test": ("('a', 'b')", ("a", "b")), "train.clip": (".5", 0.5), "data.dir": ("/x", "/x"),
    "decode.forbid_unk": ("1", True),
  }  # fmt: skip
  arguments = [word for key, (text, _) in changes.items() for word in (f"--config.{key}", text)]
  text = [
    "--config=configs/rnnsearch.py",
    "--config.data.corpus",
    "text",
    "--config.model.readout.size",
  ]
  order = flags.parse([*text, "620", *arguments, "--config.seed=7", "--config.decode.forbid_unk"])
  found = config_lib.flatten(order.config)
  assert {key: found[key] for key in changes} == {key: value for key, (_, value) in changes.items()}


def test_folders_are_absolute_and_homes_expanded_once_a_config_is_ready(tmp_path, monkeypatch):
  monkeypatch.setenv("HOME", str(tmp_path))
  monkeypatch.chdir(tmp_path)
  (tmp_path / "mine.py").write_text("from configs import base\nget_config = base.get_config\n")
  (tmp_path / "study.py").write_text("def sweep():\n  yield {'data.cache': '~/there'}\n")
  changes = ["data.dir=~/x", "data.cache=../c", "train.start.run=v"]
  order = flags.parse(
    ["--config=~/mine.py", "--workdir=~/w", *(f"--config.{change}" for change in changes)]
  )
  assert order.workdir == tmp_path / "w"
  assert order.config.data.dir == str(tmp_path / "x")
  assert order.config.data.cache == str(tmp_path.parent / "c")
  assert order.config.train.start.run == str(tmp_path / "v")
  assert order.config.train.start.source_vectors == ""
  order = flags.parse(["--config=mine.py", "--sweep=~/study.py", "--config.data.dir=x"])
  (point,) = sweep.read(order.sweep, order.config).points.values()
  assert (point.data.dir, point.data.cache) == (str(tmp_path / "x"), str(tmp_path / "there"))


@pytest.mark.parametrize(
  ("text", "line"),
  [
    ("x = 1 / 0", "mine.py, line 3: ZeroDivisionError: division by zero"),
    ("def get_config():\n  return {}[3]", "mine.py, line 4: KeyError: 3"),
    ("raise SystemExit('stop')", "mine.py, line 3: SystemExit: stop"),
    ("def get_config(:", "SyntaxError: invalid syntax (mine.py, line 3)"),
    ("import nothing_of_this_name", "mine.py, line 3: ModuleNotFoundError"),
    ("get_config = 5", "needs a function get_config()"),
    ("def get_config():\n  pass", "get_config() must return a ConfigDict, not None"),
    ("def get_config():\n  return {}", "get_config() must return a ConfigDict, not a dict"),
    ("def get_config(a, b):\n  pass", "get_config(a, b) can be given a variant alone"),
    ("VARIANTS = 'ab'\ndef get_config(a):\n  pass", "mine.py:variant; it has: a, b"),
    ("def get_config(*, a):\n  pass", "TypeError: get_config() missing 1 required keyword-only"),
  ],
)
def test_a_fault_of_a_config_file_is_one_line_that_names_it(tmp_path, monkeypatch, text, line):
  path = tmp_path / "mine.py"
  path.write_text(f"from configs import base\n\n{text}\n")
  monkeypatch.chdir(tmp_path)
  for name in ("mine.py", str(path)):
    with pytest.raises(UserError, match=re.escape(line)):
      flags.load(name)


PLACEHOLDERS = """
from ml_collections import FrozenConfigDict, config_dict

from configs import base

VARIANTS = ("any", "frozen", "lazy")

def get_config(variant="any"):
  config = base.get_config()
  config.model.readout.size = config.model.get_ref("size") // 2
  config.model.embedding = config_dict.required_placeholder(int)
  if variant == "frozen":
    config.model.embedding = 20
    return FrozenConfigDict(config)
  if variant == "lazy":
    config.train.optimizer.momentum = 0.5
    config.train.clip = 1.0 / config.train.optimizer.get_ref("momentum")
  return config
"""


def test_references_follow_flags_and_points_and_must_have_a_value(tmp_path):
  path = tmp_path / "mine.py"
  path.write_text(PLACEHOLDERS)
  given = [f"--config={path}", "--config.model.embedding=8"]
  assert flags.parse([*given, "--config.model.size=6"]).config.model.readout.size == 3
  (tmp_path / "study.py").write_text("def sweep():\n  yield {'model.size': 4}\n  yield {}\n")
  order = flags.parse([*given, f"--sweep={tmp_path / 'study.py'}"])
  points = sweep.read(order.sweep, order.config).points
  assert [point.model.readout.size for point in points.values()] == [2, 500]

  with pytest.raises(UserError, match=r"model\.embedding has no value: give it by --config\.model"):
    flags.parse([f"--config={path}"])
  frozen = flags.parse([f"--config={path}:frozen", "--config.model.size=5"]).config
  assert (frozen.model.size, frozen.model.embedding, frozen.data.test) == (5, 20, ("test",))
  with pytest.raises(UserError, match=r"config key train\.clip: ZeroDivisionError"):
    flags.parse([f"--config={path}:lazy", *given[1:], "--config.train.optimizer.momentum=0"])


def test_a_file_may_hold_dataclasses_and_import_what_lies_beside_it(tmp_path):
  (tmp_path / "beside_mine.py").write_text("SIZE = 7\n")
  path = tmp_path / "mine.py"
  path.write_text(
    "from __future__ import annotations\nimport dataclasses\nimport beside_mine\n"
    "from configs import base\nfrom experiments import lengths\n"
    "@dataclasses.dataclass\nclass Sizes:\n  size: dataclasses.InitVar[int] = beside_mine.SIZE\n"
    "def get_config():\n  config = base.get_config()\n  config.model.size = Sizes.size\n"
    "  return config\n"
  )
  assert flags.load(str(path)).model.size == 7


def test_bare_pytest_finds_the_packages_of_the_checkout(tmp_path):
  code = "import os, sys; sys.path[:] = [p for p in sys.path if p not in ('', os.getcwd())]; "
  run = "import pytest; sys.exit(pytest.main(sys.argv[1:]))"  # as the script `pytest` does
  test = f"{ROOT / 'tests' / 'launching' / 'test_flags.py'}::test_the_base_is_the_paper"
  for cwd in (ROOT, tmp_path):
    done = subprocess.run(
      [sys.executable, "-c", code + run, test, "-p", "no:cacheprovider"],
      capture_output=True, text=True, cwd=cwd, env=os.environ | {"PYTHONPATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_help_lists_the_flags():
  done = launch("--help")
  assert done.returncode == 0
  assert all(flag in done.stdout for flag in ("--config", "--sweep", "--workdir"))


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("[!_]*.py")), ids=lambda p: p.stem)
def test_every_config_and_every_variant_is_valid(path):
  variants = getattr(python_files.execute(path), "VARIANTS", ())
  first = flags.load(str(path))
  for variant in ("", *variants):
    config = flags.load(str(path), variant)
    assert variant not in variants[:1] or config == first
    flags.settle(config)


def test_the_base_is_the_paper():
  assert flags.load("configs/base.py").model == flags.load("configs/rnnsearch.py").model


def test_results_are_another_part_that_gets_the_rest_of_the_line(monkeypatch):
  import launch

  given = []
  part = types.ModuleType("nmt.analysis.results")
  monkeypatch.setattr(part, "main", lambda arguments: given.append(arguments) or 3, raising=False)
  monkeypatch.setitem(sys.modules, "nmt.analysis.results", part)
  assert launch.main(["results", "--workdir=w", "--sort=bleu"]) == 3
  assert given == [["--workdir=w", "--sort=bleu"]]
