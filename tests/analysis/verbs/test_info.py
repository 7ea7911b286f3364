"""`info` says what a run is, from its folder alone."""

import json
import shutil

import pytest

from nmt import analyze
from nmt.analysis.place import place
from nmt.analysis.verbs.info import info
from nmt.errors import UserError


def test_of_a_run_that_was_stopped(first, monkeypatch, capsys):
  monkeypatch.chdir(first)
  found = info(place("run@6"))
  assert found.resumable
  assert found.whole
  assert (found.config, found.commit) == ("quickstart", "2d7a321e35")
  assert (found.facts["update"], found.facts["updates"]) == (6, 12)
  assert analyze.main(["info", "run", "--json"]) == 0
  assert json.loads(capsys.readouterr().out)["model"] == found.model
  assert analyze.main(["info", "run"]) == 0
  assert found.line() in capsys.readouterr().out.splitlines()[0]


def test_what_is_missing_is_said(first):
  shutil.rmtree(first / "run" / "checkpoints" / "6" / "optimizer")
  found = info(place(str(first / "run")))
  assert not found.whole
  assert "optimizer missing" in found.line()
  with pytest.raises(UserError, match=r"no checkpoint 5, only best, last, 6"):
    info(place(f"{first}/run@5"))
