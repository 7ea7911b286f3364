"""The command line of nmt.analyze: verbs are found, and what they find is printed."""

import json

import numpy as np
import pytest

from nmt import analyze
from nmt.analysis.place import place
from nmt.errors import UserError


def test_every_verb_is_listed_and_helps(capsys):
  assert analyze.main([]) == 0
  listed = capsys.readouterr().out
  for name in analyze.verbs():
    assert f"  {name} " in listed
    with pytest.raises(SystemExit, match="0"):
      analyze.main([name, "--help"])


def test_an_unknown_verb_is_one_line():
  with pytest.raises(UserError, match="inf is no verb; did you mean info"):
    analyze.main(["inf"])


def test_what_json_lacks_is_made_plain():
  found = {"a": np.arange(3), "b": (np.float32(1), float("nan"), [np.inf]), 5: None}
  plain = analyze.plain(found)
  assert plain == {"a": [0, 1, 2], "b": [1.0, None, [None]], "5": None}
  json.dumps(plain, allow_nan=False)


def test_places(tmp_path):
  (tmp_path / "me@home").mkdir()
  assert place(f"{tmp_path}/me@home")[1:] == (tmp_path / "me@home", "best")
  assert place(f"{tmp_path}/me@home@12")[1:] == (tmp_path / "me@home", "12")
  with pytest.raises(UserError, match="number of an update"):
    place(f"{tmp_path}/run@lst")
  with pytest.raises(UserError, match="no such folder"):
    _ = place(f"{tmp_path}/run@3").home
  with pytest.raises(UserError, match="holds no run"):
    _ = place(str(tmp_path)).home
  (tmp_path / "study.json").write_text("{}")
  with pytest.raises(UserError, match="is the folder of a study; name one of the runs in it"):
    _ = place(str(tmp_path)).home
