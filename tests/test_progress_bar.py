import itertools

from nmt.progress_bar import shown


def test_items_come_one_by_one_and_nothing_is_shown_in_a_log(capsys):
  items = shown(itertools.count(), 3, "[b]x")
  assert list(itertools.islice(items, 3)) == [0, 1, 2]
  assert list(shown("abc", 3, "y")) == ["a", "b", "c"]
  assert capsys.readouterr() == ("", "")
