import collections
import concurrent.futures
import itertools

import numpy as np
import pytest

from configs.base import get_config
from nmt.data import batches as module
from nmt.data.batches import Batches, iterate, sequential
from nmt.data.ids import EOS, PAD
from nmt.data.shapes import round_up
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


def shape(batch):
  return (*batch.source_BxJ.shape, batch.target_BxT.shape[1])


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
  found = {shape(batches.at(position)) for position in positions}
  assert found <= used.keys() <= batches.shapes
  assert len(used) <= 30


@pytest.mark.parametrize("case", range(24))
def test_any_store_and_settings_give_bounded_batches_that_threads_read_alike(case):
  draw = np.random.default_rng(case)
  store = Store(int(draw.integers(1, 300)), longest=int(draw.integers(3, 70)), seed=case)
  multiple, divisor = int(draw.choice([1, 3, 4, 8])), int(draw.choice([1, 2, 3, 4, 6, 8, 16]))
  longest = round_up(max(store.source_lengths.max(), store.target_lengths.max()), 2 * multiple)
  tokens = int(longest * divisor + draw.integers(0, 1500)) if case % 4 else 0
  config = settings(
    tokens=tokens, size=divisor * 5, multiple=multiple, window=int(draw.integers(1, 6))
  )
  batches = Batches(store, config, case, divisor)
  expected = []
  for epoch in range(4):
    made = [batches.at(len(expected) + index) for index in range(batches.epoch_size(epoch))]
    assert sorted(i for batch in made for i in batch.index_B if i >= 0) == [*range(len(store))]
    expected += made
  for batch in expected:
    check(store, batch)
  assert set(map(shape, expected)) <= batches.shapes
  once = sequential(store, config, divisor)
  assert sorted(i for batch in once for i in batch.index_B if i >= 0) == [*range(len(store))]
  for B, J, T in [*batches.shapes, *map(shape, once)]:
    assert B % divisor == 0
    assert B * max(J, T) <= tokens or not tokens
  again = Batches(store, config, case, divisor)
  order = draw.permutation(len(expected))
  with concurrent.futures.ThreadPoolExecutor(8) as threads:
    for position, found in zip(order, threads.map(again.at, order), strict=True):
      assert same(found, expected[position])


def test_threads_cross_the_ends_of_epochs():
  store, config = Store(2000), settings(tokens=400)
  batches = Batches(store, config, seed=1)
  expected = [batches.at(position) for position in range(500)]
  assert batches.locate(500)[0] >= 3
  for _ in range(10):
    found = itertools.islice(iterate(Batches(store, config, seed=1), 0), 500)
    assert all(map(same, found, expected))


@pytest.mark.parametrize(("seed", "longest", "window"), [(2, 20, 4), (3, 20, 4), (3, 12, 20)])
def test_batches_of_any_epoch_have_a_shape_that_was_planned(seed, longest, window):
  short = Store(2000, longest=longest)
  batches = Batches(short, settings(tokens=1000, window=window), seed)
  used = frozenset().union(*(batches.used_shapes(epoch) for epoch in range(30)))
  assert used <= batches.shapes
  assert len(used) <= 12


def test_a_budget_gives_the_same_batches_on_one_device_and_on_eight():
  store = Store(500, longest=40)
  one, *others = (Batches(store, settings(tokens=400), 1, n) for n in (1, 2, 4, 8))
  rows = {len(one.at(position).index_B) for position in range(one.epoch_size())}
  assert all(B % module.ROWS == 0 for B in rows)
  for other in others:
    assert all(same(one.at(position), other.at(position)) for position in range(100))


@pytest.mark.parametrize(
  ("changes", "divisor", "line"),
  [
    (
      {"tokens": 35},
      1,
      "batch.tokens=35 has no room for the longest training sentence, 36 positions with padding: "
      "set batch.tokens to 36 or more, or lower a limit of data.filter",
    ),
    (
      {"tokens": 100},
      4,
      "batch.tokens=100 has no room for the longest training sentence, 36 positions with padding, "
      "on each of 4 devices: set batch.tokens to 144 or more, or lower a limit of data.filter, or "
      "use fewer devices (mesh.data, mesh.model)",
    ),
    (
      {"size": 12},
      8,
      "batch.size=12 can't be cut over 8 devices: set batch.size to a multiple of 8, or change "
      "mesh.data or mesh.model",
    ),
  ],
)
def test_a_budget_or_size_that_cannot_be_kept_is_refused(changes, divisor, line):
  store = Store(1)
  store.source_lengths[0] = 33
  with pytest.raises(UserError) as e:
    Batches(store, settings(**changes), 1, divisor)
  assert str(e.value) == line
  if "tokens" in changes:
    with pytest.raises(UserError, match="longest validation sentence") as e:
      sequential(store, settings(**changes), divisor)
    assert "data.filter" not in str(e.value)  # it holds for training data only


def test_a_batch_size_above_the_corpus_makes_filler():
  padding = Batches(Store(24), settings(size=80), seed=1).padding()
  assert padding.filler == pytest.approx(0.7)
  assert padding.share > 0.7


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
  with pytest.raises(UserError, match=r"16 sentences can't be shared by 3 .*batch\.size"):
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


@pytest.mark.parametrize("mode", MODES)
def test_processes_have_the_rows_of_the_whole_batch_and_know_its_counts(mode):
  store, config = Store(333), settings(**mode)
  batches, valid = Batches(store, config, seed=3, divisor=4), sequential(store, config, 4)
  parts = [sequential(store, config, 4, (k, 4)) for k in range(4)]
  found = [(batches.at(i), [batches.at(i, (k, 4)) for k in range(4)]) for i in range(40)]
  for whole, mine in [*found, *zip(valid, zip(*parts, strict=True), strict=True)]:
    for side in ("source_BxJ", "target_BxT", "index_B"):
      rows = np.concatenate([getattr(part, side) for part in mine])
      np.testing.assert_array_equal(rows, getattr(whole, side))
    assert {part.counts for part in mine} == {whole.counts}
