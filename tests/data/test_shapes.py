import numpy as np

from nmt.data.shapes import Shapes, round_up, staircase


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
  shapes = Shapes(needed, staircase(lambda length: 4, longest=96, multiple=8))
  assert {shapes.fit(shape) for shape in common} == set(common)
  assert (4, 24, 8) not in shapes.all
  for J in range(8, 97, 8):
    for T in range(8, 97, 8):
      fitted = shapes.fit((4, J, T))
      assert fitted in shapes.all
      assert fitted[0] == 4
      assert fitted[1] >= J
      assert fitted[2] >= T


def test_what_rows_vary_with_the_length_fits_without_more_of_either():
  def rows(length):
    return 1000 // length // 8 * 8

  squares = staircase(rows, longest=96, multiple=4)
  assert all(B * J <= 1000 and rows(J) == B for B, J, _ in squares)
  shapes = Shapes(np.array([(rows(8), 8, 4)]), squares)
  for length in range(4, 97, 4):
    B, J, T = shapes.fit((rows(length), length, 4))
    assert B * max(J, T) <= 1000
  assert len(squares) < 20
