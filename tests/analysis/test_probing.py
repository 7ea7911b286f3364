"""Probes find what is planted, and nothing in noise; controls take away what a word alone tells."""

import dataclasses

import numpy as np
import pytest

from configs import base
from nmt.analysis.probing import accuracy, probe, r_squared, split
from nmt.analysis.word_classes import band, means, of_source
from nmt.data.grammar.classes import english
from nmt.data.ids import EOS, UNK
from nmt.data.pair import Pair
from nmt.data.units import Characters
from nmt.data.words import Words
from nmt.decoding.trained import Run

N, D = 600, 8


@pytest.fixture
def vectors():
  return np.random.default_rng(0).standard_normal((N, D))


def test_planted_labels_are_found_and_random_ones_are_not(vectors):
  train = np.arange(N) < 450
  planted = (vectors[:, :3] * [1.0, 1, 1]).argmax(axis=1)
  noise = np.random.default_rng(1).integers(0, 3, N)
  types = np.arange(N)
  found = probe(vectors, planted, types, train)
  assert found.score > 0.9
  assert found.control < 0.45
  assert found.selectivity == found.score - found.control
  assert (found.train, found.test) == (450, 150)
  assert probe(vectors, noise, types, train).score == pytest.approx(1 / 3, abs=0.1)


def test_what_knows_its_word_alone_is_not_selective():
  types = np.random.default_rng(2).integers(0, 12, N)
  labels = types % 3  # the label of a word is always the same
  found = probe(np.eye(12)[types], labels, types, np.arange(N) < 450)
  assert (found.score, found.control, found.selectivity) == (1, 1, 0)


def test_numbers(vectors):
  line = vectors @ np.arange(D) + 5
  train, test = slice(0, 450), slice(450, N)
  assert r_squared(vectors[train], line[train], vectors[test], line[test]) > 0.999
  same = np.zeros_like(vectors)
  of_nothing = r_squared(same[train], line[train], same[test], line[test])
  mean = (
    1
    - ((line[test] - line[train].mean()) ** 2).sum() / ((line[test] - line[test].mean()) ** 2).sum()
  )
  assert of_nothing == pytest.approx(mean)


def test_one_label_alone():
  x = np.ones((4, 2))
  assert accuracy(x, np.zeros(4, int), x, np.array([0, 0, 1, 1])) == 0.5


def test_sentences_are_on_one_side_whole():
  lengths = [1, 2, 3, 4] * 5
  train = split(lengths)
  parts = np.split(train, np.cumsum(lengths)[:-1])
  assert all(len(set(part)) == 1 for part in parts)
  assert sum(not part[0] for part in parts) == 5


def test_parts_of_speech():
  assert english("house") == english("House", first=True) == "noun"
  assert english("House") is None
  assert (english("1998"), english("Paul"), english("The", first=True)) == (
    "number",
    "name",
    "determiner",
  )
  assert english("her") is None  # a determiner and a pronoun


def test_bands_are_in_the_order_of_ranks():
  tokens = [4, 13, 14, 103, 2003, 20003, EOS, UNK, UNK]
  rows = means(np.arange(9.0), [band(token) for token in tokens])
  assert [(row["class"], row["tokens"], row["mean"]) for row in rows] == [
    ("[UNK]", 2, 7.5),
    ("<end>", 1, 6),
    ("rank 1-10", 2, 0.5),
    ("rank 11-100", 2, 2.5),
    ("rank 1,001-10,000", 1, 4),
    ("rank 10,001 and on", 1, 5),
  ]


def test_a_token_has_the_class_of_its_word_where_the_grammar_is_known():
  config = base.get_config()
  sides = Words("en", ["The", "house", "sings", "."]), Characters("Lamisonchte .")
  run = Run(config, *sides, None, 1, True, print, print, print)
  pair = Pair("The house sings.", "La maison chante.", "0-0 1-1 2-2 3-3")
  parts = ["determiner", "noun", "verb", "mark", "<end>"]
  assert of_source(run, pair) == ([4, 5, 6, 7], parts)
  letters = dataclasses.replace(run, source=Characters("Theousing."))
  ids, parts = of_source(letters, pair)
  assert parts[:4] == ["determiner"] * 3 + ["noun"]  # the space between them belongs to the second
  assert len(parts) == len(ids) + 1
  config.data.corpus = "text"
  assert of_source(run, pair) == ([4, 5, 6, 7], ["rank 1-10"] * 4 + ["<end>"])
