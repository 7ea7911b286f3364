"""Rows hold their sentences, PAD and fillers; batches hold every item once, in few shapes."""

import numpy as np

from nmt.data import padding
from nmt.data.ids import EOS, PAD


def test_rows_hold_the_sentences_and_fillers_after_them():
  sentences = [[5, 6, EOS], [EOS]]
  source_BxJ = padding.sources(sentences, 4, 4)
  np.testing.assert_array_equal(
    source_BxJ, [[5, 6, EOS, PAD], [EOS, PAD, PAD, PAD], [EOS, PAD, PAD, PAD], [EOS, PAD, PAD, PAD]]
  )
  target_BxT = padding.targets(sentences, 4, 4)
  np.testing.assert_array_equal(target_BxT[:2], source_BxJ[:2])
  assert (target_BxT[2:] == PAD).all()
  assert source_BxJ.dtype == target_BxT.dtype == np.int32


def test_few_lengths_hold_every_length():
  lengths = range(1, 2002)
  assert len({padding.bucket(length) for length in lengths}) == 8
  assert all(length <= padding.bucket(length) <= max(16, 2 * length) for length in lengths)


def test_every_item_is_in_one_batch_that_it_fits():
  lengths = np.random.default_rng(0).integers(1, 100, 300).tolist()
  batches = list(padding.bucketed(enumerate(lengths), lambda length: 256 // length))
  assert sorted(i for _, members in batches for i in members) == list(range(300))
  for length, members in batches:
    assert {padding.bucket(lengths[i]) for i in members} == {length}
    assert len(members) <= 256 // length
  of_16 = [i for length, members in batches if length == 16 for i in members]
  assert of_16 == sorted(of_16)


def test_chunks_read_no_further_than_asked_for():
  read = []
  chunks = padding.chunks((read.append(i) or i for i in range(7)), 3)
  assert next(chunks) == [0, 1, 2]
  assert read == [0, 1, 2]
  assert list(chunks) == [[3, 4, 5], [6]]
