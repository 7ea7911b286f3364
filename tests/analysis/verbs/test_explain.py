"""attribute, gates, probe, neighbours and project, by the command line, on a small run."""

import json

import numpy as np
import pytest

from nmt import analyze
from nmt.errors import UserError


@pytest.fixture
def ask(runs, capsys):
  """ask("verb", ...) is what a verb prints as JSON, in the folder of the runs."""

  def run(*arguments):
    assert analyze.main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)

  return run


def test_attribute(ask, runs):
  found = ask("attribute", "run", "--sentences", "2", "--steps", "8", "--figure", "a.svg")
  shown = found["shown"]
  shape = len(shown["target"]), len(shown["source"])
  assert {np.shape(matrix) for matrix in shown["methods"].values()} == {shape}
  assert [row["words"] > 0 for row in found["agreement"]] == [True] * 6
  assert found["gap"]["share"] < 0.05
  assert "occlusion" in (runs / "a.svg").read_text()
  few = ("attribute", "run", "--own", "--sentences", "1", "--steps", "8")
  with pytest.raises(UserError, match=r"--word 99: line 2 has \d+ words"):
    ask(*few, "--line", "2", "--word", "99")
  with pytest.raises(UserError, match="--line 99: test has 4 sentences"):
    ask(*few, "--line", "99")


def test_gates(ask):
  rows = ask("gates", "run", "--sentences", "4")["gates"]
  assert [(row["cell"], row["gate"]) for row in rows] == [
    (cell, gate)
    for cell in ("encoder.forward", "encoder.backward", "decoder.cell")
    for gate in "zr"
  ]
  for row in rows:
    for key in ("by_position", "by_class"):
      tokens = [part["tokens"] for part in row[key]]
      means = [part["mean"] for part in row[key]]
      assert np.average(means, weights=tokens) == pytest.approx(row["mean"], rel=1e-5)


def test_probe(ask):
  found = ask("probe", "run", "--split", "train")
  assert found["labelled"] is None  # it's not the grammar
  kinds = [(row["task"], row["vectors"]) for row in found["rows"]]
  assert kinds == [
    (task, vectors)
    for task in ("position", "length")
    for vectors in ("word vectors", "annotations")
  ]
  with pytest.raises(UserError, match="2 sentences are too few to probe"):
    ask("probe", "run", "--split", "train", "--sentences", "2")


def test_neighbours_and_project(ask, runs):
  (found,) = ask("neighbours", "run", "is", "--side", "source", "--count", "3")
  assert [len(found["neighbours"]), found["side"]] == [3, "source"]
  made = ask("project", "run", "-o", "new", "--labels", "5")
  rows = (runs / "new" / "target_vectors.tsv").read_text().splitlines()
  assert len(rows) == made["sides"]["target"]["words"]
