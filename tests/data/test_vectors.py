"""Word vectors are read from the formats that people have, line by line."""

import gzip

import numpy as np
import pytest

from nmt.data import vectors
from nmt.errors import UserError

ROWS = {"le": 0, "chat": 1, "中文": 2, "a\u00a0b": 3}
FASTTEXT = "4 2 \n</s> 9 9 \nle 1 -2e-1 \n中文 3 4 \na\u00a0b 5 6 \nle 7 7 \n"


def write(path, text, encoding="utf-8"):
  path.write_bytes(text.encode(encoding))
  return path


@pytest.mark.parametrize(
  "change",
  [
    lambda text: text,
    lambda text: text.removeprefix("4 2 \n"),
    lambda text: text.replace(" \n", "\r\n"),
    lambda text: text.replace(" ", "\t"),
    lambda text: "\ufeff" + text,
    lambda text: text + ". . . 8 8\nchat . 8 8\n",  # as in GloVe
  ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_rows_of_known_words_are_filled(tmp_path, change, packed):
  path = write(tmp_path / "x.vec", change(FASTTEXT))
  if packed:
    path = tmp_path / "x.vec.gz"
    path.write_bytes(gzip.compress((tmp_path / "x.vec").read_bytes()))
  table = np.full((5, 2), -1, np.float32)
  assert vectors.width(path) == 2
  assert vectors.fill(table, path, ROWS) == 3
  np.testing.assert_array_equal(table, np.float32([[1, -0.2], [-1, -1], [3, 4], [5, 6], [-1, -1]]))


def test_nothing_is_read_beyond_the_last_word(tmp_path):
  path = tmp_path / "x.vec"
  path.write_bytes(FASTTEXT.encode() + b"\xff\n")
  table = np.zeros((4, 2), np.float32)
  assert vectors.fill(table, path, {"le": 0, "中文": 2}) == 2
  with pytest.raises(UserError, match=r"x\.vec, line 7: not valid UTF-8"):
    vectors.fill(table, path, ROWS)


@pytest.mark.parametrize(
  ("text", "said"),
  [
    ("", "holds no word vector"),
    ("4 2\n", "holds no word vector"),
    ("a line of text\n", r"line 1: not a word and its numbers, separated by spaces: 'a'"),
    ("2 2\nle 1 nan\n", "line 2: not a word"),
    ("word\n", "line 1: not a word"),
  ],
)
def test_what_is_no_file_of_vectors_is_said(tmp_path, text, said):
  with pytest.raises(UserError, match=said):
    vectors.width(write(tmp_path / "x", text))


def test_damage_is_said(tmp_path):
  table = np.zeros((4, 2), np.float32)
  path = write(tmp_path / "x", "le 1 2\nchat 1")
  with pytest.raises(UserError, match="line 2: 1 numbers instead of 2; is the file whole"):
    vectors.fill(table, path, ROWS)
  with pytest.raises(UserError, match="line 1: not a word and its numbers"):
    vectors.fill(table, write(path, "le x 2\n"), ROWS)
  with pytest.raises(UserError, match="y: "):
    vectors.width(tmp_path / "y")
