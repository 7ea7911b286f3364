import pytest

from nmt.errors import UserError
from nmt.evaluation import results


def test_what_is_written_is_read_back_line_for_line(tmp_path):
  texts = (["a\u2028b", "", "c\nd\r"], ["x", "y\x85", ""], ["1", "2", "3"])
  results.write(tmp_path, "news/a", texts, {})
  read = results.texts(tmp_path, "news/a")
  assert list(read.values()) == [["a\u2028b", "", "c d "], ["x", "y\x85", ""], ["1", "2", "3"]]
  with pytest.raises(UserError, match=r"b\.source: .*not tested on b"):
    results.texts(tmp_path, "b")
