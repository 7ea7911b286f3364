"""Flags of launch.py become a checked config; a wrong one is named in one line."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from configs import base
from nmt import config as config_lib
from nmt.errors import UserError
from nmt.launching import claim, flags

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
  assert order.sweep.samefile(ROOT / "experiments" / "lengths.py")


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
