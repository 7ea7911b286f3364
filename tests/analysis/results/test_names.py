"""What people read of a row: the study's name for it, where its keys are many."""

import dataclasses

import pytest

from nmt.analysis.report.data import row_name
from nmt.analysis.results import footer, formats, rows, study
from nmt.analysis.results.table import Options

QUICK = Options("bleu", resamples=200, trials=400)


@pytest.fixture
def found(tmp_path, made):
  lines = made.sentences(20)
  changes = {
    "tie=True": {"model.tie": True},
    "size=64,embedding=32": {"model.size": 64, "model.embedding": 32},
    "more": {"train.updates": 7, "batch.size": 9, "train.start.run": f"{tmp_path}/tie=True,seed=1"},
  }
  points = {
    f"{name},train=50,seed={seed}": {**change, "data.grammar.train": 50, "seed": seed}
    for name, change in changes.items()
    for seed in (1, 2)
  }
  for name, point in points.items():
    made.run(tmp_path / name, point, made.corrupted(lines, 0.3, point["seed"]), lines)
  made.study(tmp_path, points, {"model.tie": True})
  return study.read(tmp_path)


def test_a_row_of_many_keys_has_the_studys_name_for_it(found):
  made = rows.tabulate(found, QUICK)
  names = ["tie=True", "size=64, embedding=32", "more"]
  assert [row.name for row in made.rows] == names
  assert [row_name(row, made) for row in made.rows] == names
  assert any(note.startswith("Differences are to tie=True,") for note in footer.lines(made, QUICK))
  printed = formats.markdown(made, made.rows, [])
  assert "| configuration | n |" in printed
  assert "model.tie" not in printed
  assert "model.tie" in formats.comma_separated(made, made.rows)


def test_paths_in_the_study_begin_there(found, tmp_path):
  made = rows.tabulate(found, QUICK)
  for text in (formats.json_lines(made), formats.comma_separated(made, made.rows)):
    assert str(tmp_path) not in text
    assert "tie=True,seed=1" in text


@pytest.mark.parametrize("name", ["size=64, embedding=32", "size=64,embedding=32"])
def test_a_row_is_the_baseline_by_its_name(found, name):
  made = rows.tabulate(found, dataclasses.replace(QUICK, baseline=name))
  assert [row.name for row in made.baselines] == ["size=64, embedding=32"]
