"""A file of results has a line for each measurement, and its numbers are short."""

import pytest

from experiments.benchmarks import lines
from nmt.errors import UserError


def test_what_is_written_is_read_to_four_digits(tmp_path):
  path = tmp_path / "f.jsonl"
  lines.write(path, [{"a": [1234.567, 2], "é": {"b": 0.000123456}}, {"c": 98765, "d": None}])
  assert path.read_text(encoding="utf-8").count("\n") == 2
  assert lines.read(path) == [{"a": [1235, 2], "é": {"b": 0.0001235}}, {"c": 98765, "d": None}]


def test_a_damaged_file_is_named(tmp_path):
  path = tmp_path / "f.jsonl"
  with pytest.raises(UserError, match=r"f\.jsonl: no such file"):
    lines.read(path)
  path.write_text('{"a": 1}\n{"a":')
  with pytest.raises(UserError, match=r"f\.jsonl: not JSON lines"):
    lines.read(path)


def test_an_interval_is_from_the_least_to_the_most():
  assert lines.spread([3, 1, 2.5]) == {"median": 2.5, "min": 1, "max": 3}
