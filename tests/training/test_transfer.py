"""Parameters of another model are taken where name and shape fit, rows of words by word."""

import numpy as np
from ml_collections import ConfigDict

from nmt.data.units import Characters
from nmt.data.words import Words
from nmt.training.transfer import transfer, untied, vocabulary


def tables(rows, width, start):
  return np.arange(start, start + rows * width, dtype=np.float32).reshape(rows, width)


def test_rows_follow_their_words_whatever_their_place():
  ours = {
    "encoder.E_x": np.zeros((7, 2), np.float32),
    "decoder.E_y": np.zeros((6, 2), np.float32),
    "decoder.readout.b_o": np.zeros(6, np.float32),
    "decoder.W_s": np.zeros((3, 3), np.float32),
    "decoder.C": np.zeros((3, 4), np.float32),
    "decoder.new": np.zeros(3, np.float32),
  }
  theirs = {
    "encoder.E_x": tables(6, 2, 10),
    "decoder.E_y": tables(6, 3, 10),
    "decoder.readout.b_o": np.arange(6, dtype=np.float32),
    "decoder.W_s": np.ones((3, 3), np.float32),
    "decoder.C": np.ones((3, 5), np.float32),
    "decoder.old": np.ones(3, np.float32),
  }
  report = transfer(
    ours, theirs, ({"c": 4, "b": 5, "a": 6}, {"x": 4, "y": 5}), ({"a": 4, "b": 5}, {"y": 4, "z": 5})
  )
  rows = [10, 12, 14, 16, 0, 20, 18]  # the special ones first
  np.testing.assert_array_equal(ours["encoder.E_x"][:, 0], rows)
  np.testing.assert_array_equal(ours["decoder.readout.b_o"], [0, 1, 2, 3, 0, 4])
  assert ours["decoder.W_s"].all()
  assert not any(ours[name].any() for name in ("decoder.E_y", "decoder.C", "decoder.new"))
  assert report.taken == ["decoder.W_s"]
  assert report.words == {"encoder.E_x": (2, 3), "decoder.readout.b_o": (1, 2)}
  assert report.shapes == {"decoder.E_y": ((6, 2), (6, 3)), "decoder.C": ((3, 4), (3, 5))}
  assert (report.drawn, report.unused) == (["decoder.new"], ["decoder.old"])
  assert not report.empty()


def test_no_common_word_is_nothing():
  ours = {"decoder.E_y": np.zeros((5, 2), np.float32)}
  report = transfer(ours, {"decoder.E_y": tables(5, 2, 1)}, ({}, {"x": 4}), ({}, {"y": 4}))
  assert report.empty()
  assert not ours["decoder.E_y"].any()


def test_a_shared_table_is_had_under_each_of_its_names():
  flat = {"decoder.E_y": 1}
  names = {"encoder.E_x", "decoder.E_y", "decoder.readout.W_o"}
  assert untied(ConfigDict({"joint": True, "tie": True}), flat) == dict.fromkeys(names, 1)
  assert untied(ConfigDict({"joint": False, "tie": False}), flat) == flat


def test_a_vocabulary_has_no_special_entries():
  assert vocabulary(Words("en", ["[EOS]", "cat"])) == {"[EOS]": 4, "cat": 5}
  assert vocabulary(Characters("中a")) == {"中": 4, "a": 5}
