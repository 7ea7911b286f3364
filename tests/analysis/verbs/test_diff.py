"""A run differs from its copy in nothing, and from another in what was changed."""

import json

import numpy as np
import pytest

from nmt import analyze, cli
from nmt.analysis.place import place
from nmt.analysis.verbs.diff import change, diff, draw, show, weights
from nmt.errors import UserError


def test_of_a_run_and_itself(runs):
  found = diff(place("run"), place("run@6"), split="valid")
  assert (found.config, found.unlike) == ([], {})
  for one in found.parameters:
    assert one.change in (0, None)
    assert one.cosine is None or one.cosine == pytest.approx(1)
    assert one.rank_change in (0, None)
  assert found.cka == pytest.approx({"annotations": 1, "states": 1, "contexts": 1})
  assert found.scores["systems"]["run@6"]["chrf"]["difference"] == 0
  assert found.sentences == []


def test_of_two_runs(runs, capsys):
  found = diff(place("run"), place("other"), split="valid", most=2)
  assert any(line.startswith("train.ema") for line in found.config)
  assert all(value < 0.999 for value in found.cka.values())
  for row in found.sentences:
    for name, links in row["links"].items():
      sizes = [len(row["words"][name][side]) for side in ("source", "target")]
      for link in links.split():
        assert all(0 <= int(at) < size for at, size in zip(link.split("-"), sizes, strict=True))
  json.dumps(analyze.plain([found]), allow_nan=False)
  draw(runs / "f.png", found)
  drawn = {path.name for path in runs.glob("f-*.png")}
  assert drawn == {f"f-{row['line']}-{letter}.png" for row in found.sentences for letter in "ab"}
  show(cli.console(), [found])
  assert "other compared with run" in capsys.readouterr().out


def test_a_change_by_hand():
  a = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
  found = change("W", a, a + np.array([[1.0, 1.0], [0.0, 0.0]], np.float32))
  assert found.change == pytest.approx(1)
  assert found.cosine == pytest.approx(3 / np.sqrt(2 * 6))
  assert found.rank_a == pytest.approx(2)
  assert found.rank_change == pytest.approx(1)
  assert change("b", np.zeros(2), np.ones(2)).change is None


def test_unlike_models_are_compared_where_they_are_alike(runs):
  one = place("run").weights()
  arrays = {name: array for name, array in one.arrays.items() if name != "decoder.b_s"}
  arrays["decoder.C"] = np.ones((2, 3))
  found = weights("a", one, "b", one._replace(arrays=arrays))
  assert found.unlike == {"decoder.b_s": "only in a", "decoder.C": "8 x 12 and 2 x 3"}
  assert len(found.parameters) == len(one.arrays) - 2
  with pytest.raises(UserError, match="name two runs or more"):
    analyze.main(["diff", "run"])
