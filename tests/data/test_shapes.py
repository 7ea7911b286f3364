import numpy as np

from nmt.data.shapes import Shapes, round_up


def test_lengths_are_rounded_up_by_a_multiple_or_an_eighth():
  lengths = np.arange(1, 3000)
  for multiple in (1, 4, 8):
    rounded = round_up(lengths, multiple)
    assert np.all(rounded >= lengths)
    assert np.all(rounded % multiple == 0)
    assert np.all(rounded - lengths < np.maximum(multiple, lengths / 8))
    assert np.all(np.diff(rounded) >= 0)
    assert np.array_equal(round_up(rounded, multiple), rounded)
  assert round_up(lengths[:128], 8).tolist() == (-(-lengths[:128] // 8) * 8).tolist()
  assert len(np.unique(round_up(lengths, 8))) < 70


def test_common_shapes_are_kept_and_everything_fits():
  common = [(4, 8, 8), (4, 8, 16), (4, 16, 16)]
  needed = np.array(common * 30 + [(4, 24, 8), (4, 8, 96)])
  shapes = Shapes(needed, longest=96, multiple=8)
  assert {shapes.fit(shape) for shape in common} == set(common)
  assert (4, 24, 8) not in shapes.all
  for J in range(8, 97, 8):
    for T in range(8, 97, 8):
      fitted = shapes.fit((4, J, T))
      assert fitted in shapes.all
      assert fitted[0] == 4
      assert fitted[1] >= J
      assert fitted[2] >= T
