"""Averages and swaps are runs like others, and are refused where the parts don't fit."""

import dataclasses
import json

import numpy as np
import pytest

from nmt import analyze
from nmt import config as config_lib
from nmt.analysis import made
from nmt.analysis.place import place, weights_of
from nmt.analysis.verbs.average import average, mean
from nmt.analysis.verbs.info import info
from nmt.analysis.verbs.swap import swap, within
from nmt.errors import UserError
from nmt.launching import claim
from nmt.workdir import Workdir


def arrays(name):
  return place(name).weights().arrays


def same(one, other):
  return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)


def test_the_average_of_one_is_itself(runs):
  average([place("run@6")], runs / "new", score=False)
  assert same(arrays("new"), arrays("run"))
  assert not list(runs.glob("*.unfinished*"))


def test_the_average_of_two_is_their_mean(runs):
  found = average([place("run"), place("other")], runs / "new", score=False)
  one, other, new = (arrays(name) for name in ("run", "other", "new"))
  for name in new:
    wide = (one[name].astype(np.float64) + other[name].astype(np.float64)) / 2
    np.testing.assert_array_equal(new[name], wide.astype(np.float32))
  assert [of["update"] for of in found.made_of["of"]] == [6, 6]
  said = info(place("new"))
  assert said.whole
  assert not said.resumable
  assert said.config == "average of run@6, other@6"
  with pytest.raises(UserError, match="no optimizer: start another run from them"):
    claim.look(Workdir("new"), config_lib.load("new/config.json"))


def test_what_is_summed_is_not_rounded_on_the_way():
  large = {"W": np.array([2.0**24], np.float32)}
  found = mean([large, {"W": np.array([1.0], np.float32)}, {"W": np.array([1.0], np.float32)}])
  assert found["W"] == np.float32((2**24 + 2) / 3)


def test_a_swap_of_everything_is_a_and_is_tested(runs, capsys):
  assert analyze.main(["swap", "run", "other", "--part=all", "-o", "new", "--json"]) == 0
  found = json.loads(capsys.readouterr().out)
  assert same(arrays("new"), arrays("run"))
  assert found["bleu"]["test"].keys() == {"run", "other", "new"}
  scores = json.loads((runs / "new" / "test" / "test.json").read_text())
  assert scores["bleu"]["score"] == found["bleu"]["test"]["new"]


def test_a_swap_takes_one_part_and_leaves_the_rest(runs):
  swap(place("run"), place("other"), ["encoder", "decoder.attention"], runs / "new", score=False)
  one, other, new = (arrays(name) for name in ("run", "other", "new"))
  for name in new:
    taken = name.startswith(("encoder.", "decoder.attention."))
    assert np.array_equal(new[name], (one if taken else other)[name]), name


def test_a_part_is_a_whole_name():
  names = ["encoder.W", "encoder.WW", "decoder.W"]
  assert within(["encoder.W"], names) == ["encoder.W"]
  assert within(["all"], names) == names
  with pytest.raises(UserError, match="--part=encoders: A has no such part; did you mean encoder"):
    within(["encoders"], names)


def test_nothing_is_overwritten_and_nothing_left(runs, monkeypatch):
  (runs / "new").mkdir()
  with pytest.raises(UserError, match="-o new is there already"):
    analyze.main(["average", "run", "-o", "new"])
  with pytest.raises(UserError, match=r"there is no folder .*nowhere"):
    analyze.main(["average", "run", "-o", "nowhere/new"])
  (runs / "new").rmdir()

  def fail(*_):
    raise OSError("no room")

  monkeypatch.setattr(config_lib, "save", fail)
  with pytest.raises(OSError, match="no room"):
    analyze.main(["average", "run", "-o", "new"])
  assert sorted(path.name for path in runs.iterdir() if "new" in path.name) == []


def test_what_does_not_fit_is_one_line(runs):
  run = place("run").load()
  arrays = weights_of(run).arrays
  wide = {name: np.zeros((9, 9)) if name == "decoder.C" else x for name, x in arrays.items()}

  def changed(arrays):
    tree: dict = {}
    for name, array in arrays.items():
      *groups, last = name.split(".")
      here = tree
      for group in groups:
        here = here.setdefault(group, {})
      here[last] = array
    return dataclasses.replace(run, params=tree)

  with pytest.raises(UserError, match=r"decoder\.C is 8 x 12 in a but 9 x 9 in b"):
    made.check({"a": run, "b": changed(wide)})
  fewer = {name: x for name, x in arrays.items() if name != "decoder.C"}
  with pytest.raises(UserError, match=r"of different models: only one has decoder\.C"):
    made.check({"a": run, "b": changed(fewer)})
  config = run.config.copy_and_resolve_references()
  config.model.order.state = "current"
  current = dataclasses.replace(run, config=config)
  with pytest.raises(UserError, match=r"order\.state is previous in one and current in the other"):
    made.check({"a": run, "b": current})
  made.check({"a": run, "b": current}, ["decoder.C"])
  other = dataclasses.replace(run, source=run.target)
  with pytest.raises(UserError, match="a and b have other source vocabularies"):
    made.check({"a": run, "b": other})
  made.check({"a": run, "b": other}, ["decoder.C"])


def test_the_last_checkpoints_are_of_one_run(runs):
  with pytest.raises(UserError, match="run has 1 checkpoints: --last=2 is too many"):
    analyze.main(["average", "run", "--last=2", "-o", "new"])
  with pytest.raises(UserError, match="--last is of one run"):
    analyze.main(["average", "run", "other", "--last=1", "-o", "new"])
