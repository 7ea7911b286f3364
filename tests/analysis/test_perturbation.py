"""What is put into sources, and which of the translations count."""

import types

import numpy as np
import pytest

from nmt.analysis import perturbation, translated
from nmt.analysis.translated import Sample
from nmt.data.pair import Pair


def test_a_word_is_put_into_each_place():
  found = perturbation.insertions("a b c d", "x", np.random.default_rng(0))
  assert found["at the beginning"] == "x a b c d"
  assert found["before the last word"] == "a b c x d"
  assert found["at the end"] == "a b c d x"
  assert found["in the middle"] in ("a x b c d", "a b x c d", "a b c x d")
  assert set(perturbation.insertions("", "x", np.random.default_rng(0)).values()) == {"x"}
  assert (
    perturbation.insertions("我们吃", "的", np.random.default_rng(0))["at the end"] == "我们吃的"
  )


def test_words_are_from_the_most_common_to_the_rarest():
  sources = ["a a a b b c", "a b d"]
  assert perturbation.spread(sources, 2) == ["a", "d"]
  assert perturbation.spread(sources, 9) == ["a", "b", "c", "d"]


@pytest.fixture
def sample(monkeypatch):
  monkeypatch.setattr(Sample, "tokenizer", "13a")
  pairs = [Pair("one two three", "un deux trois"), Pair("one four", "un quatre")]
  return Sample(None, "valid", pairs, [3, 8])


def test_what_has_nothing_of_the_translation_before_is_found(sample, monkeypatch):
  texts = ["un deux trois", "rien du tout"]  # the second is too bad to be tried
  asked = []

  def translate(run, lines, decode, what):
    asked.extend(lines)
    other = ["le soleil brille" if line.startswith("four") else "un deux trois x" for line in lines]
    return [types.SimpleNamespace(text=text) for text in other]

  monkeypatch.setattr(translated, "translate_lines", translate)
  found = perturbation.perturbed(sample, texts, 4, None)
  assert found["perturbing"] == ["one", "two", "three", "four"]
  assert len(asked) == 4 * 4
  assert (found["perturbed_tried"], found["perturbed_rate"]) == (1, 100)
  (row,) = found["perturbed"]
  assert row == {
    "line": 3,
    "found": "four at the beginning",
    "source": "four one two three",
    "reference": "un deux trois",
    "translation": "le soleil brille",
  }
  assert perturbation.perturbed(sample, ["x", "y"], 4, None)["perturbed_rate"] is None
