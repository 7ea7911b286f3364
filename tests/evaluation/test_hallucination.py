"""The rules by hand, and on what they must and must not find."""

import math

import numpy as np
import pytest

from nmt.evaluation.hallucination import adjusted_bleu, detached, oscillation, untranslated

words = str.split


def adjusted(translation, reference):
  return adjusted_bleu(translation.split(), reference.split())


def test_adjusted_bleu_by_hand():
  assert adjusted("a b c", "a b c") == 1
  # 2 of 3 words, 1 of 2 bigrams, and as long as the reference.
  assert adjusted("a b x", "a b c") == pytest.approx((2 / 3) * 0.5**0.8)
  # All right, but short by half.
  assert adjusted("a b", "a b c d") == pytest.approx(math.exp(1 - 4 / 2))
  assert adjusted("a a a", "a b c") == 0  # no bigram
  assert adjusted("x y", "a b") == 0
  assert adjusted("a", "a") == 1
  assert adjusted("a", "a b") == pytest.approx(math.exp(-1))
  assert adjusted("", "a") == adjusted("a", "") == 0


def test_adjusted_bleu_is_a_share_and_whole_for_a_copy_alone():
  random = np.random.default_rng(0)
  for _ in range(100):
    ours, theirs = (random.choice(list("abc"), random.integers(1, 9)).tolist() for _ in "12")
    assert 0 <= adjusted_bleu(ours, theirs) <= 1
    assert adjusted_bleu(ours, ours) == pytest.approx(1)


def test_detached_is_what_has_nothing_in_common():
  assert detached(words("the moon is blue"), words("he eats an apple"))
  assert not detached(words("he eats a pear"), words("he eats an apple"))
  assert not detached([], ["a"])  # nothing said is dropped, not invented


def test_oscillation_by_hand():
  source = words("one two three four five")
  found = oscillation(source, words("so it is , so it is , so it is , so it is . end"))
  assert found.ngram == ("so", "it", "is", ",")
  assert (found.times, found.source_times, found.spans) == (3, 1, [(0, 12)])
  assert oscillation(source, words("so it is , so it is , end")) is None  # once more than any
  # A source that repeats as much.
  assert oscillation(words("a b c d a b c d a b c d"), words("e f g h e f g h e f g h")) is None
  assert oscillation(source, ["so"]) is None
  assert oscillation([], words("a b c d a b c d")).spans == [(0, 8)]


def test_untranslated_by_hand():
  source = words("Anna kauft 3 schöne Äpfel in Bonn .")
  reference = words("Anna buys 3 nice apples in Bonn .")
  translation = words("Anna buys 3 Schöne äpfel in Bonn .")
  assert untranslated(source, translation, reference) == [(3, 5)]
  assert untranslated(source, reference, reference) == []
  assert untranslated(source, source, reference) == [(1, 2), (3, 5)]
  assert untranslated(["oranges"], ["oranges"], ["d'oranges"]) == []
  assert untranslated(["7"], ["7"], ["seven"]) == []
  assert untranslated(["苹果"], ["苹果", "苹果"], ["apple"]) == [(0, 2)]
