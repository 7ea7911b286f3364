"""Rows by hand, of translations that no model made."""

from nmt.data.ids import EOS
from nmt.decoding.translator import Translation
from nmt.evaluation.search import by_beam


def one(score, ids=(7, EOS), finished=True):
  return Translation("", list(ids), score, 2 * score, None, [5, EOS], finished)


def test_rows_by_hand():
  found = {
    4: [one(-1.0), one(-1.0), one(-3.0), one(-2.0, [EOS])],
    1: [one(-2.0), one(-1.0), one(-2.0), one(-2.5)],
    2: [one(-1.5), one(-1.00001), one(-2.0), one(-2.5, [], False)],
  }
  rows = by_beam(found, [-9.0, -0.5, None, -2.0])
  assert [row["beam"] for row in rows] == [1, 2, 4]
  # Of beam 1 the first and the last are beaten; a larger beam may also find something worse.
  assert [row["search_errors"] for row in rows] == [50, 50, None]
  assert [row["empty"] for row in rows] == [0, 25, 25]
  assert [row["empty_better"] for row in rows] == [50, 50, 25]
  assert rows[0]["score"] == -7.5 / 4
  assert rows[0]["log_probability"] == -15 / 4


def test_larger_beams_never_have_more_search_errors_than_what_they_beat():
  better = {size: [one(-1.0 / size)] for size in (1, 3, 9)}
  assert [row["search_errors"] for row in by_beam(better, [None])] == [100, 100, None]
  same = {size: [one(-1.0)] for size in (1, 3, 9)}
  assert [row["search_errors"] for row in by_beam(same, [None])] == [0, 0, None]
