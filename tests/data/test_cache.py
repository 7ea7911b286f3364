import multiprocessing
import subprocess
import time

import pytest

from nmt.data import cache
from nmt.errors import UserError


def build(counter, folder):
  with open(counter, "a") as file:
    file.write("built\n")
  time.sleep(0.3)
  (folder / "content").write_text("whole")


def want(folder, counter):
  found = cache.once(folder, lambda where: build(counter, where))
  assert (found / "content").read_text() == "whole"


def test_two_processes_that_want_the_same_build_it_once(tmp_path):
  context = multiprocessing.get_context("spawn")
  job = (tmp_path / "made", tmp_path / "counter")
  both = [context.Process(target=want, args=job) for _ in range(2)]
  for process in both:
    process.start()
  for process in both:
    process.join()
  assert [process.exitcode for process in both] == [0, 0]
  assert job[1].read_text() == "built\n"


def test_a_failed_or_killed_build_leaves_nothing_that_counts(tmp_path):
  def fail(where):
    (where / "half").write_text("half")
    raise KeyboardInterrupt

  with pytest.raises(KeyboardInterrupt):
    cache.once(tmp_path / "made", fail)
  assert not (tmp_path / "made").exists()
  (tmp_path / "made.building-killed").mkdir()
  want(tmp_path / "made", tmp_path / "counter")
  assert sorted(path.name for path in tmp_path.iterdir()) == ["counter", "made", "made.lock"]


def test_a_disk_that_refuses_is_named(tmp_path):
  (tmp_path / "file").touch()
  with pytest.raises(UserError, match=r"cannot write the data cache .*file/made"):
    cache.once(tmp_path / "file/made", lambda where: None)

  def full(where):
    raise OSError(28, "No space left on device")

  with pytest.raises(UserError, match="No space left on device"):
    cache.once(tmp_path / "made", full)


def test_a_disk_without_room_keeps_nothing_of_a_build_and_takes_the_next(small_disk):
  def tokens(where):
    (where / "tokens").write_bytes(bytes(1 << 20))

  with pytest.raises(UserError, match=r"cannot write the data cache .*No space left .* with room"):
    cache.once(small_disk / "made", tokens)
  assert [path.name for path in small_disk.iterdir()] == ["made.lock"]
  subprocess.run(["mount", "-o", "remount,size=30m", str(small_disk)], check=True)
  assert (cache.once(small_disk / "made", tokens) / "tokens").stat().st_size == 1 << 20


def test_keys_depend_on_every_part_and_not_on_order():
  assert cache.key(a=1, b=2) == cache.key(b=2, a=1) != cache.key(a=1, b=3)
