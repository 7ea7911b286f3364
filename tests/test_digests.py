"""Files that are not those that were saved are named, whatever happened to them."""

import json
import os
import shutil
import threading
import time

import pytest

from nmt import digests


@pytest.fixture
def folder(tmp_path):
  """A checkpoint's folder, as far as digests know one."""
  place = tmp_path / "30"
  for name, content in {"params/d/雪": b"x" * 100, "params/_METADATA": b"{}", "empty": b""}.items():
    (place / name).parent.mkdir(parents=True, exist_ok=True)
    (place / name).write_bytes(content)
  (place / "facts").mkdir()
  (place / digests.FACTS).write_text(json.dumps(digests.sealed({"progress": {"update": 30}})))
  digests.record(place)
  return place


def test_every_bit_of_every_file_counts(folder, tmp_path):
  assert digests.verify(folder) == []
  shutil.copytree(folder, tmp_path / "elsewhere")
  assert digests.verify(tmp_path / "elsewhere") == []
  names = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
  assert len(names) == 5
  for name in names:
    content = (folder / name).read_bytes()
    for number in range(0, 8 * len(content), 19):
      flipped = bytearray(content)
      flipped[number // 8] ^= 1 << number % 8
      (folder / name).write_bytes(flipped)
      assert digests.verify(folder), (name, number)
    for cut in {0, len(content) // 2} - {len(content)}:
      (folder / name).write_bytes(content[:cut])
      assert digests.verify(folder), (name, cut)
    (folder / name).write_bytes(content + b"x")
    assert digests.verify(folder), name
    (folder / name).unlink()
    faults = digests.verify(folder)
    assert faults == ([] if name.name == digests.NAME else [f"{name} is missing"])
    (folder / name).write_bytes(content)
  assert digests.verify(folder) == []


def test_what_is_wrong_is_said(folder):
  (folder / "params/d/雪").write_bytes(b"x" * 99)
  (folder / "empty").unlink()
  found = digests.verify(folder)
  assert sorted(found) == ["empty is missing", "params/d/雪 has 99 bytes in the place of 100"]
  (folder / "params/d/雪").write_bytes(b"x" * 99 + b"y")
  (folder / "empty").touch()
  assert digests.verify(folder) == ["params/d/雪 differs from what was saved"]
  (folder / digests.NAME).write_text("[]")
  assert digests.verify(folder) == ["digests.json is damaged"]


def test_a_checkpoint_without_digests_is_whole_if_it_has_its_facts(folder):
  (folder / digests.NAME).unlink()
  (folder / "empty").unlink()
  assert digests.verify(folder) == []
  (folder / digests.FACTS).unlink()
  assert digests.verify(folder) == ["facts/metadata is missing"]


@pytest.mark.parametrize("late", ["params/d/雪", digests.FACTS, digests.NAME], ids=str)
@pytest.mark.parametrize("there", [0, 50, None])
def test_files_that_are_late_are_waited_for(folder, late, there):
  content = (folder / late).read_bytes()
  (folder / late).unlink()
  if there is not None:
    (folder / late).write_bytes(content[:there])
  timer = threading.Timer(0.3, lambda: os.replace(folder / "whole", folder / late))
  (folder / "whole").write_bytes(content)
  timer.start()
  assert digests.verify(folder, patience=200) == []
  timer.join()


def test_files_that_were_changed_are_not_waited_for(folder):
  (folder / "params/d/雪").write_bytes(b"y" * 100)
  began = time.monotonic()
  assert digests.verify(folder, patience=200) == ["params/d/雪 differs from what was saved"]
  assert time.monotonic() - began < 100
