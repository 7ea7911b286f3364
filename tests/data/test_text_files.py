import gzip
import io
from typing import ClassVar

import pytest

from nmt.data import text_files
from nmt.errors import UserError


def write(folder, **files):
  for name, content in files.items():
    (folder / name.replace("__", ".")).write_bytes(content)


def test_lines_end_at_line_feeds_only(tmp_path):
  (tmp_path / "a").write_bytes("x\u2028y\x85\rz\n\n\u00a0end".encode())
  assert list(text_files.lines(tmp_path / "a")) == ["x\u2028y\x85\rz", "", "\u00a0end"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_neither_crlf_nor_a_byte_order_mark_is_text(tmp_path, pack):
  path = tmp_path / ("a" if pack is bytes else "a.gz")
  path.write_bytes(pack(b"\xef\xbb\xbfx\r\n\r\ny\rz\r\n\xef\xbb\xbfw\nend\r"))
  assert list(text_files.lines(path)) == ["x", "", "y\rz", "\ufeffw", "end"]


def test_sides_may_end_their_lines_differently(tmp_path):
  write(tmp_path, s__en=b"a\r\n\r\nb\r\n", s__fr=b"\xef\xbb\xbfx\n\ny", t__tsv=b"a\tx\r\nb\ty\r\n")
  files = text_files.find(tmp_path, "s", "en", "fr")
  assert list(text_files.pairs(files)) == [("a", "x"), ("", ""), ("b", "y")]
  assert list(text_files.pairs((tmp_path / "t.tsv",))) == [("a", "x"), ("b", "y")]


def test_one_file_is_not_both_sides(tmp_path):
  write(tmp_path, s__en=b"a\n")
  (tmp_path / "s.fr").symlink_to(tmp_path / "s.en")
  for target in ("en", "fr"):
    with pytest.raises(UserError, match=rf"s\.en and .*s\.{target} are one file.* data\.target"):
      text_files.find(tmp_path, "s", "en", target)


def test_two_files_or_a_table_plain_or_gzip_hold_the_same_pairs(tmp_path):
  folders = []
  for index in range(4):
    folders.append(tmp_path / str(index))
    folders[-1].mkdir()
  write(folders[0], s__en=b"a\nb c\n", s__fr=b"x\ny\n")
  write(folders[1], s__en__gz=gzip.compress(b"a\nb c\n"), s__fr=b"x\ny\n")
  write(folders[2], s__tsv=b"a\tx\nb c\ty\n")
  write(folders[3], s__tsv__gz=gzip.compress(b"a\tx\nb c\ty\n"))
  for folder in folders:
    files = text_files.find(folder, "s", "en", "fr")
    assert list(text_files.pairs(files)) == [("a", "x"), ("b c", "y")]
    assert text_files.check(files) == 2


def test_missing_files_are_fetched_and_kept(tmp_path):
  far, near = tmp_path / "far", tmp_path / "near"
  far.mkdir()
  for language in ("en", "fr"):
    (far / f"s.{language}.gz").write_bytes(gzip.compress(f"{language}\n".encode()))
  url = f"file://{far}/{{split}}.{{language}}.gz"
  files = text_files.find(near, "s", "en", "fr", url)
  assert list(text_files.pairs(files)) == [("en", "fr")]
  assert sorted(path.name for path in near.iterdir()) == ["s.en.gz", "s.fr.gz"]
  (far / "s.en.gz").unlink()  # not asked for again
  assert text_files.find(near, "s", "en", "fr", url) == files
  with pytest.raises(UserError, match=r"cannot fetch file://.*t\.en\.gz"):
    text_files.find(near, "t", "en", "fr", url)
  assert len(list(near.iterdir())) == 2


def test_a_fetch_that_ends_early_leaves_nothing(tmp_path, monkeypatch):
  class Response(io.BytesIO):
    headers: ClassVar = {"Content-Length": "9"}

  monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: Response(b"a\n"))
  with pytest.raises(UserError, match=r"cannot fetch u into .*: the connection ended early$"):
    text_files.fetch("u", tmp_path, "s", "en")
  assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
  ("files", "message"),
  [
    ({}, r"no file .*s\.en\[\.gz\] and no s\.tsv"),
    ({"s__en": b"a\n"}, r"no file .*s\.fr"),
    ({"s__en": b"a\nb\nc\n", "s__fr": b"x\n"}, r"s\.en has 3 lines but .*s\.fr has 1"),
    ({"s__en": b"a\n", "s__fr": b"x\ny\n"}, r"s\.en has 1 lines but .*s\.fr has 2"),
    ({"s__en": b"", "s__fr": b""}, r"s\.en holds no sentence"),
    ({"s__en": b"a\nb\n", "s__fr": b"x\n\xff\n"}, r"s\.fr, line 2: not valid UTF-8"),
    ({"s__tsv": b"a\tx\nb\n"}, r"s\.tsv, line 2: 1 tab-separated columns instead of 2"),
    ({"s__tsv": b"a\tx\ty\n"}, r"s\.tsv, line 1: 3 tab-separated columns"),
    ({"s__en__gz": b"no gzip", "s__fr": b"x\n"}, r"cannot read .*s\.en\.gz"),
    (
      {"s__en__gz": gzip.compress(b"a\nb\n" * 99)[:-9], "s__fr": b"x\n" * 198},
      r"cannot read .*s\.en\.gz",
    ),
  ],
)
def test_bad_files_are_named_in_one_line(tmp_path, files, message):
  write(tmp_path, **files)
  with pytest.raises(UserError, match=message) as caught:
    text_files.check(text_files.find(tmp_path, "s", "en", "fr"))
  assert "\n" not in str(caught.value)


def test_a_folder_in_place_of_a_file_is_named(tmp_path):
  (tmp_path / "s.en").mkdir()
  write(tmp_path, s__fr=b"x\n")
  with pytest.raises(UserError, match=r"cannot read .*s\.en"):
    text_files.fingerprint(text_files.find(tmp_path, "s", "en", "fr"))
