"""A file that is replaced is whole at any moment, and errors name it."""

import errno
import threading

import pytest

from nmt.files import read_json, replacing, write_json


def test_json_is_replaced_whole_or_not_at_all(tmp_path):
  path = tmp_path / "x.json"
  write_json(path, {"a": "é"})
  with pytest.raises(TypeError):
    write_json(path, {"a": [1] * 10_000, "b": object()})
  assert read_json(path) == {"a": "é"}
  assert [p.name for p in tmp_path.iterdir()] == ["x.json"]


def test_two_threads_that_replace_a_file_do_not_disturb_each_other(tmp_path):
  with replacing(tmp_path / "x") as file:
    file.write("mine")
    other = threading.Thread(target=write_json, args=(tmp_path / "x", "other"))
    other.start()
    other.join()
    assert read_json(tmp_path / "x") == "other"
  assert (tmp_path / "x").read_text() == "mine"


def test_a_full_disk_is_reported_with_the_name_of_the_file(tmp_path):
  def fill():
    with replacing(tmp_path / "x"), open("/dev/full", "w") as full:
      full.write("y")

  with pytest.raises(OSError, match="No space left") as caught:
    fill()
  assert caught.value.errno == errno.ENOSPC
  assert caught.value.filename == str(tmp_path / "x")
