import pytest
from ml_collections import ConfigDict

from configs import base
from nmt.evaluation import frequency


def test_words_are_right_as_often_as_the_reference_has_them():
  seen = {"the": 500, "cat": 3, "sat": 7, "dog": 1}
  # Right: the (twice found, once wanted), cat; wrong: dog, bird; missed: sat, emu.
  rows = frequency.by_frequency(["the cat the dog bird"], ["the cat sat emu"], seen)
  found = {(row["from"], row["to"]): row for row in rows}
  assert list(found) == [(0, 0), (1, 1), (3, 3), (5, 9), (100, 999)]
  assert found[100, 999] == {
    **{"from": 100, "to": 999, "reference": 1},
    **{"precision": 50.0, "recall": 100.0, "f1": pytest.approx(200 / 3)},
  }
  assert found[3, 3]["f1"] == 100
  assert [found[key]["f1"] for key in ((0, 0), (1, 1), (5, 9))] == [0, 0, 0]
  assert [found[key]["reference"] for key in ((0, 0), (1, 1), (5, 9))] == [1, 0, 1]


def test_the_most_frequent_words_have_no_upper_end():
  (row,) = frequency.by_frequency(["le"], ["le"], {"le": 1000})
  assert (row["from"], row["to"]) == (1000, None)


def test_intervals_are_of_resampled_sentences():
  # One word a sentence, right in half of 100: 40 to 60 % in 95 of 100 binomial draws.
  ours, theirs = ["cat"] * 50 + ["dog"] * 50 + ["emu", "emu"], ["cat"] * 100 + ["emu", "sat"]
  seen = {"cat": 1, "dog": 1, "emu": 2, "sat": 3}
  frequent, few, alone = frequency.with_intervals(ours, theirs, seen)
  for name in ("precision", "recall", "f1"):
    assert frequent[name]["score"] == 50
    low, high = (frequent[name][end] for end in ("low", "high"))
    assert 39 <= low <= 41
    assert 59 <= high <= 61
  # Found twice and right once: resampled test sets without either sentence say nothing.
  assert few["precision"] == {"score": 50, "low": 0, "high": 100}
  # A single sentence has the word.
  assert few["recall"] == {"score": 100, "low": None, "high": None}
  assert alone["recall"] == {"score": 0, "low": None, "high": None}
  assert few["f1"] == {"score": pytest.approx(200 / 3), "low": 0, "high": 100}


def test_words_are_those_of_the_language():
  assert frequency.words("我爱你。 ok", "zh") == ["我", "爱", "你", "。", "ok"]
  assert frequency.words("It's 5%.\r", "13a") == ["It's", "5", "%", "."]


def test_training_words_are_counted_once(tmp_path, monkeypatch):
  for name, lines in (("en", "a b\nc\n"), ("fr", "le le\nun chat.\n")):
    (tmp_path / f"train.{name}").write_text(lines)
  data = ConfigDict(base.get_config().data)
  data.update(corpus="text", dir=str(tmp_path), cache=str(tmp_path / "cache"))
  counts = {"le": 2, "un": 1, "chat": 1, ".": 1}
  assert frequency.training(data, "13a") == counts
  monkeypatch.setattr(frequency, "_count", None)
  assert frequency.training(data, "13a") == counts
