"""python -m nmt.compare: two systems side by side, from the texts that they left."""

import json

import pytest

from nmt import compare
from nmt.errors import UserError
from nmt.evaluation import results
from nmt.evaluation.bleu import bleu

REFERENCES = ["the cat sat here today", "a dog ran far away", "one bird sang a song", "ok"]
FIRST = ["the cat sat here now", "a dog ran far away", "two fish sang no song", "ok"]
SECOND = ["the cat sat here today", "some dogs ran", "one bird sang a song", "ok"]
SOURCES = ["le chat était là", "un chien est parti", "un oiseau [b]chantait[/b]", "猫"]


def texts(folder, hypotheses, references=REFERENCES, split="test"):
  score = {"bleu": {"signature": bleu(hypotheses, references)[1]}}
  results.write(folder, split, (SOURCES[: len(references)], hypotheses, references), score)
  return str(folder)


@pytest.fixture
def two(tmp_path):
  return [texts(tmp_path / "first", FIRST), texts(tmp_path / "second", SECOND)]


def test_scores_lengths_and_sentences(two, tmp_path, capsys):
  path = tmp_path / "found.json"
  assert compare.main([*two, "--json", str(path), "--sentences=1"]) == 0
  found = json.loads(path.read_text())
  assert found["baseline"] == "first"
  for name, lines in (("first", FIRST), ("second", SECOND)):
    assert found["systems"][name]["bleu"]["score"] == pytest.approx(bleu(lines, REFERENCES)[0])
  second = found["systems"]["second"]["bleu"]
  assert second["difference"] == pytest.approx(
    second["score"] - found["systems"]["first"]["bleu"]["score"]
  )
  assert second["difference_low"] <= second["difference"] <= second["difference_high"]
  assert second["p"] == second["p_holm"] > 0.05
  up, down = found["sentences_apart"]["second"]
  assert (up["line"], down["line"]) == (3, 2)
  assert up["chrf_difference"] > 0 > down["chrf_difference"]
  assert up["sentence_bleu"]["second"] == pytest.approx(100)
  assert sum(row["sentences"] for row in found["by_length"]["first"]) == 4
  assert found["by_frequency"] is None
  shown = capsys.readouterr()
  assert "[b]chantait[/b]" in shown.out
  assert "nothing by frequency in training: no folder of a run is known" in shown.err


def test_words_by_their_frequency_in_the_training_data(first, capsys, monkeypatch):
  monkeypatch.chdir(first)
  monkeypatch.setenv("NMT_CACHE", str(first / "cache"))
  home = first / "run"
  for place, lines in ((home / "test", FIRST), (home / "evaluations" / "x", SECOND)):
    texts(place, lines)
  assert compare.main([str(home), str(home / "evaluations" / "x"), "--split=test"]) == 0
  out = capsys.readouterr().out
  assert "F1 of target words by how often they were seen in training" in out


def test_other_test_sets_are_refused(two, tmp_path):
  other = texts(tmp_path / "other", FIRST, [*REFERENCES[:3], "okay"])
  with pytest.raises(UserError, match="differ in 1 lines of references, first in line 4"):
    compare.main([two[0], other])
  other = texts(tmp_path / "short", FIRST[:3], REFERENCES[:3])
  with pytest.raises(UserError, match="short has 3 lines of source, first has 4"):
    compare.main([two[0], other])


def test_mistakes_are_one_line(two, tmp_path):
  (tmp_path / "empty").mkdir()
  for arguments, message in (
    (two[:1], "name two runs or more"),
    ([two[0], two[0]], "named twice"),
    ([two[0], str(tmp_path / "nowhere")], "no such folder"),
    ([two[0], str(tmp_path / "empty")], "there are no translations"),
    ([*two, "--split=news"], "was not tested on news"),
    ([*two, "--json", str(tmp_path / "no" / "x.json")], "no folder"),
  ):
    with pytest.raises(UserError, match=message):
      compare.main(arguments)


def test_splits_with_a_slash(tmp_path, capsys):
  runs = [
    texts(tmp_path / name, lines, split="wmt14/test")
    for name, lines in (("first", FIRST), ("second", SECOND))
  ]
  assert compare.main(runs) == 0
  assert "compared with first" in capsys.readouterr().out
