import numpy as np
import pytest
from matplotlib.image import imread

from nmt.analysis.heatmap import heatmap
from nmt.errors import UserError
from nmt.evaluation.alignment import parse


def draw(path, T, J, **more):
  alpha = np.full((T, J), 1 / J)
  heatmap(path, [f"mot{j}" for j in range(J)], [f"word{i}" for i in range(T)], alpha, **more)
  return path


def test_the_format_is_that_of_the_name(tmp_path):
  assert draw(tmp_path / "a.png", 3, 4).read_bytes().startswith(b"\x89PNG")
  assert draw(tmp_path / "a.PDF", 3, 4).read_bytes().startswith(b"%PDF")
  assert draw(tmp_path / "a.svg", 3, 4).read_bytes().startswith(b"<?xml")
  assert sorted(path.name for path in tmp_path.iterdir()) == ["a.PDF", "a.png", "a.svg"]


def test_the_figure_grows_with_its_words_so_that_they_stay_legible(tmp_path):
  small, large = (imread(draw(tmp_path / f"{n}.png", n, n)).shape for n in (10, 40))
  pixels = (large[0] - small[0]) / 30
  assert pixels >= 32  # a line of 10 points at 160 dots an inch takes 27
  assert (large[1] - small[1]) / 30 == pytest.approx(pixels, abs=1)


def test_one_is_white_and_zero_is_black(tmp_path):
  heatmap(tmp_path / "a.png", ["a"], ["b"], np.array([[1.0]]))
  heatmap(tmp_path / "b.png", ["a"], ["b"], np.array([[0.0]]))
  white, black = imread(tmp_path / "a.png")[..., :3], imread(tmp_path / "b.png")[..., :3]
  changed = (white != black).any(axis=2)
  assert changed.any()
  np.testing.assert_array_equal(white[changed].max(axis=0), 1)
  np.testing.assert_array_equal(black[changed].min(axis=0), 0)


def test_gold_links_are_outlined(tmp_path):
  plain = draw(tmp_path / "a.png", 3, 3).read_bytes()
  marked = draw(tmp_path / "b.png", 3, 3, gold=parse("0-0 1p2")).read_bytes()
  coloured = imread(tmp_path / "b.png")[..., :3]
  assert plain != marked
  assert (np.ptp(coloured, axis=2) > 0.5).sum() > 50
  assert (np.ptp(imread(tmp_path / "a.png")[..., :3], axis=2) > 0.5).sum() == 0


def test_the_same_figure_is_the_same_bytes(tmp_path):
  for suffix in ("png", "pdf", "svg"):
    first = draw(tmp_path / f"a.{suffix}", 2, 2).read_bytes()
    assert draw(tmp_path / f"b.{suffix}", 2, 2).read_bytes() == first


def test_words_are_no_markup(tmp_path):
  heatmap(tmp_path / "a.png", ["$x^2$", "\\frac{", "_"], ["%", "$"], np.full((2, 3), 0.3))


def test_mistakes_are_named(tmp_path):
  with pytest.raises(UserError, match=r"\.png, \.pdf or \.svg"):
    draw(tmp_path / "a.jpg", 2, 2)
  with pytest.raises(UserError, match="cannot write"):
    draw(tmp_path / "missing" / "a.png", 2, 2)
  with pytest.raises(ValueError, match="does not fit"):
    heatmap(tmp_path / "a.png", ["a"], ["b"], np.ones((2, 1)))
