import collections
import itertools

import numpy as np
import pytest

from configs.base import get_config
from nmt.data import batches as module
from nmt.data.batches import Batches, iterate, sequential
from nmt.data.ids import EOS, PAD
from nmt.errors import UserError


class Store:
  """As TokenStore, of random sentences."""

  def __init__(self, count, longest=30, seed=0):
    draw = np.random.default_rng(seed)
    target_lengths = draw.integers(1, longest, count)
    noise = draw.integers(-2, 3, count)
    self.source_lengths = np.maximum(1, target_lengths + noise).astype(np.int32)
    self.target_lengths = target_lengths.astype(np.int32)
    self._sides = {
      side: [
        np.append(draw.integers(4, 99, length - 1), EOS).astype(np.int32) for length in lengths
      ]
      for side, lengths in (("source", self.source_lengths), ("target", self.target_lengths))
    }

  def __len__(self):
    return len(self.source_lengths)

  def source(self, index):
    return self._sides["source"][index]

  def target(self, index):
    return self._sides["target"][index]

  def fill(self, side, sentences, into):
    for row, sentence in enumerate(sentences):
      into[row, : len(self._sides[side][sentence])] = self._sides[side][sentence]


def settings(**changes):
  config = get_config().batch
  config.update(size=16, window=4, multiple=4)
  config.update(changes)
  return config


MODES = [{"tokens": 0}, {"tokens": 400}]


def same(one, other):
  return all(
    np.array_equal(getattr(one, name), getattr(other, name))
    for name in ("source_BxJ", "target_BxT", "index_B")
  )


def check(store, batch):
  """Every row is its sentence, padded; what is no sentence is filler."""
  for source, target, index in zip(batch.source_BxJ, batch.target_BxT, batch.index_B, strict=True):
    sentence = [EOS] if index < 0 else store.source(index)
    assert source.tolist() == [*sentence, *[PAD] * (len(source) - len(sentence))]
    sentence = [] if index < 0 else store.target(index)
    assert target.tolist() == [*sentence, *[PAD] * (len(target) - len(sentence))]
  assert batch.source_BxJ.dtype == batch.target_BxT.dtype == np.int32


@pytest.mark.parametrize("mode", MODES)
def test_an_epoch_holds_each_sentence_once_and_epochs_differ(mode):
  store = Store(333)
  batches = Batches(store, settings(**mode), seed=3)
  position, orders = 0, []
  for epoch in range(3):
    seen = []
    for index in range(batches.epoch_size(epoch)):
      assert batches.locate(position) == (epoch, index)
      batch = batches.at(position)
      check(store, batch)
      seen += batch.index_B[batch.index_B >= 0].tolist()
      position += 1
    assert sorted(seen) == list(range(333))
    orders.append(seen)
  assert orders[0] != orders[1] != orders[2]


@pytest.mark.parametrize("mode", MODES)
def test_a_position_and_a_seed_decide_the_batch(mode):
  store = Store(333)
  forward = Batches(store, settings(**mode), seed=3)
  backward = Batches(store, settings(**mode), seed=3)
  expected = [forward.at(position) for position in range(70)]
  for position in reversed(range(70)):
    assert same(backward.at(position), expected[position])
  other = Batches(store, settings(**mode), seed=4)
  assert not all(same(other.at(position), expected[position]) for position in range(5))


@pytest.mark.parametrize("mode", MODES)
def test_all_shapes_are_stated_and_few(mode):
  batches = Batches(Store(2000, longest=50), settings(**mode), seed=1)
  used = collections.Counter()
  for epoch in range(3):
    used |= dict.fromkeys(batches.used_shapes(epoch), 1)
  positions = range(batches.epoch_size(0) + batches.epoch_size(1))
  found = {
    (*batch.source_BxJ.shape, batch.target_BxT.shape[1]) for batch in map(batches.at, positions)
  }
  assert found <= used.keys() <= batches.shapes
  assert len(used) <= 30


def test_a_token_budget_is_kept():
  batches = Batches(Store(2000, longest=40), settings(tokens=800), seed=1)
  for position in range(batches.epoch_size()):
    target = batches.at(position).target_BxT
    assert target.size <= 800 or len(target) == module.ROWS
    assert len(target) % module.ROWS == 0


def test_padding_is_what_the_batches_hold_and_sorting_saves_most_of_it():
  store = Store(2000, longest=50)
  sorted_, drawn = (Batches(store, settings(window=window), seed=1) for window in (50, 1))
  padding = sorted_.padding()
  all_batches = [sorted_.at(position) for position in range(sorted_.epoch_size())]
  assert padding.source_padded == sum(batch.source_BxJ.size for batch in all_batches)
  assert padding.target_padded == sum(batch.target_BxT.size for batch in all_batches)
  assert padding.source_real == sum(
    (batch.source_BxJ != PAD)[batch.index_B >= 0].sum() for batch in all_batches
  )
  assert padding.target_real == sum((batch.target_BxT != PAD).sum() for batch in all_batches)
  assert padding.share < 0.2 < 0.4 < drawn.padding().share


def test_batches_of_a_window_are_not_in_order_of_length():
  batches = Batches(Store(640), settings(window=40), seed=1)
  lengths = [batches.at(position).target_BxT.shape[1] for position in range(40)]
  assert lengths not in (sorted(lengths), sorted(lengths, reverse=True))


def test_iteration_resumes_from_one_integer_and_crosses_epochs():
  batches = Batches(Store(100), settings(), seed=1)
  expected = [batches.at(position) for position in range(25)]
  for start in (0, 6, 13):
    found = itertools.islice(iterate(batches, start), 25 - start)
    assert all(map(same, found, expected[start:]))


def test_processes_share_the_rows_of_each_batch():
  batches = Batches(Store(100), settings(), seed=1)
  parts = [list(itertools.islice(iterate(batches, 2, (index, 4)), 5)) for index in range(4)]
  for position, rows in enumerate(zip(*parts, strict=True), 2):
    whole = batches.at(position)
    assert np.array_equal(np.concatenate([part.source_BxJ for part in rows]), whole.source_BxJ)
    assert np.array_equal(np.concatenate([part.index_B for part in rows]), whole.index_B)
  with pytest.raises(UserError, match="16 sentences cannot be shared by 3"):
    iterate(batches, 0, (0, 3))


@pytest.mark.parametrize("mode", MODES)
def test_one_pass_in_order_of_length_holds_each_sentence_once(mode):
  store = Store(333)
  once = sequential(store, settings(**mode))
  for batch in once:
    check(store, batch)
  seen = [index for batch in once for index in batch.index_B if index >= 0]
  assert sorted(seen) == list(range(333))
  sides = [max(batch.source_BxJ.shape[1], batch.target_BxT.shape[1]) for batch in once]
  assert sides == sorted(sides, reverse=True)


def test_a_single_sentence_makes_batches():
  batches = Batches(Store(1), settings(), seed=1)
  assert batches.epoch_size() == 1
  check(batches.store, batches.at(10**6))
