"""The generators of points, and what points are called."""

import re

import pytest

from nmt.launching.names import label, labels
from nmt.launching.points import product, seeds, zipped


def test_axes_multiply_the_last_one_fastest():
  sizes = zipped({"model.size": (256, 512), "model.embedding": (128, 256)})
  found = list(product(sizes, {"model.tie": (True, False)}, seeds(3)))
  assert len(found) == 2 * 2 * 3
  assert found[0] == {
    "model.size": 256, "model.embedding": 128, "model.tie": True, "seed": 1
  }  # fmt: skip
  assert [point["seed"] for point in found[:4]] == [1, 2, 3, 1]
  assert len({tuple(point.items()) for point in found}) == len(found)


def test_no_axis_is_one_point_and_an_empty_axis_none():
  assert list(product()) == [{}]
  assert list(product([], seeds(2))) == []
  assert list(product({"a": ()})) == []


def test_seeds_are_counted_or_given():
  assert list(seeds(2)) == [{"seed": 1}, {"seed": 2}]
  assert list(seeds([7, 5])) == [{"seed": 7}, {"seed": 5}]


def test_a_name_is_followed_by_the_keys_of_the_axes_without():
  named = [{"name": "big", "model.size": 512}, {"model.size": 8}]
  found = list(product(named, seeds([3]), [{"name": "x", "train.clip": 1}]))
  assert [point["name"] for point in found] == ["big,seed=3,x", "size=8,seed=3,x"]


@pytest.mark.parametrize(
  ("make", "line"),
  [
    (lambda: zipped({"a": (1, 2), "b": (1,)}), "as many values of each key, but a has 2, b has 1"),
    (lambda: zipped({"a": "de"}), "a needs several values, as in {'a': ('de',)}"),
    (lambda: product({"a": 5}), "a needs several values, as in {'a': (5,)}"),
    (lambda: product(seeds(1), {"seed": (2,)}), "seed is to be 1 and 2 at once"),
  ],
)
def test_what_does_not_fit_together_is_said(make, line):
  with pytest.raises(ValueError, match=re.escape(line)):
    list(make())


def test_a_label_is_made_of_last_words_with_the_seed_at_the_end():
  point = {
    "seed": 3, "model.attention.kind": "additive", "train.optimizer.name": "adam",
    "model.size": 8, "data.test": ("a", "b"), "model.tie": True,
  }  # fmt: skip
  assert label(point) == "attention=additive,optimizer=adam,size=8,test=a+b,tie=True,seed=3"
  assert label({}) == ""


def test_keys_of_a_point_that_share_a_last_word_are_written_whole():
  point = {"model.size": 8, "data.tokenizer.size": 9, "train.clip": 1}
  assert label(point) == "model.size=8,data.tokenizer.size=9,clip=1"


def test_further_labels_have_longer_keys_and_end_with_whole_ones():
  point = {"model.attention.kind": "none", "seed": 1}
  found = list(dict.fromkeys(labels(point)))
  assert found == [
    "attention=none,seed=1", "model.attention=none,seed=1", "model.attention.kind=none,seed=1"
  ]  # fmt: skip
