"""A resolved config is printed, or what differs from another."""

import json

import pytest

import launch
from nmt import config as config_lib
from nmt.errors import UserError
from nmt.launching import claim, flags, show
from nmt.workdir import Workdir


def shown(capsys, *arguments):
  assert launch.main(["show", *arguments]) == 0
  return capsys.readouterr().out


def test_every_key_is_a_line(capsys):
  lines = shown(capsys, "--config=configs/quickstart.py", "--config.model.size", "7").splitlines()
  assert "model.size = 7" in lines
  assert "data.test = ('test', 'long')" in lines
  config = flags.settle(flags.load("configs/quickstart.py"))
  assert len(lines) == len(config_lib.flatten(config))


def test_what_differs_from_another_file_or_a_run(capsys, tmp_path):
  out = shown(capsys, "--config=multi30k:de-en", "--config.seed=3", "--diff=multi30k:en-de")
  assert out.splitlines() == [
    "data.source: 'en' -> 'de'", "data.target: 'de' -> 'en'", "seed: 1 -> 3"
  ]  # fmt: skip
  claim.claim(Workdir(tmp_path), flags.settle(flags.load("configs/quickstart.py")))
  same = ["--config=quickstart", f"--diff={tmp_path}"]
  assert shown(capsys, *same) == ""
  assert json.loads(shown(capsys, *same, "--json", "--config.model.size=7")) == {
    "model.size": [128, 7]
  }
  assert json.loads(shown(capsys, f"--config={tmp_path}", "--json"))["model.size"] == 128


@pytest.mark.parametrize(
  ("arguments", "line"),
  [
    ([], "--config"),
    (["--config=nothing"], "nothing: no such file; there are: configs/"),
    (["--config=tests"], "tests: there is no config.json in this folder"),
    (["--config=quickstart", "--config.model.sise=1"], "did you mean model.size"),
  ],
)
def test_what_is_wrong_is_one_line(arguments, line):
  with pytest.raises(UserError, match=line):
    show.main(arguments)
