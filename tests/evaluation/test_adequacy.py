"""REP and DROP by hand, and what they must not depend on."""

import numpy as np
import pytest

from nmt.evaluation.adequacy import drop, dropped, rep, repetition

words = str.split


def points(translation, reference=""):
  return repetition(translation.split(), reference.split()).points


@pytest.mark.parametrize(
  ("translation", "reference", "expected"),
  [
    ("a b c", "d e f", 0),  # nothing twice
    ("a b a b", "c d", 2),  # `a b` twice, `b a` once
    ("a b a b", "a b c", 1),  # one of them is wanted
    ("a b a b", "a b x a b", 0),
    ("a a", "a b", 2),  # `a a` once: only twice in a row counts
    ("a a a", "a b", 2 + 2 * 2),  # `a a` twice
    ("a a a", "a a b", 1 + 2 * 1),
    ("that that is", "that that is", 0),
    ("", "a", 0),
  ],
)
def test_repetition_by_hand(translation, reference, expected):
  assert points(translation, reference) == expected


def test_the_bigrams_are_those_that_count():
  found = repetition(words("no no , no , no"), ["no"])
  assert found.bigrams == {("no", "no"): 1, ("no", ","): 2, (",", "no"): 2}
  assert found.points == 2 + 2 + 2


def test_a_copy_of_the_reference_repeats_nothing_and_more_of_it_does():
  random = np.random.default_rng(0)
  for _ in range(50):
    one = random.choice(list("abc"), random.integers(1, 12)).tolist()
    assert repetition(one, one).points == 0
    assert repetition([*one, *one], []).points >= repetition(one, []).points


def test_rep_is_by_reference_words():
  found = [repetition(words("a b a b"), []), repetition(["x"], ["x"])]
  assert rep(found, 8) == 100 * 2 / 8
  assert rep(found, 0) == 0


def test_dropped_by_hand():
  one = dropped([(0, 0), (1, 1), (1, 2), (3, 3)], [(1, 0), (2, 1)])
  assert (one.translated, one.dropped) == ({0, 1, 3}, {0, 3})
  other = dropped([(0, 0)], [(0, 4)])
  assert drop([one, other]) == 100 * 2 / 4
  assert drop([dropped([], [(0, 0)])]) is None
  assert drop([dropped([(0, 0), (1, 1)], [])]) == 100
