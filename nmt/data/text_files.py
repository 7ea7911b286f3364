"""Files of parallel text: found, fetched, checked and read line by line."""

import codecs
import contextlib
import gzip
import hashlib
import io
import itertools
import os
import sys
import tempfile
import urllib.parse
import urllib.request
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from rich.progress import DownloadColumn

from nmt import progress_bar
from nmt.errors import UserError
from nmt.files import replacing

STDIN = Path("-")


def find(folder: Path, split: str, source: str, target: str, url: str = "") -> tuple[Path, ...]:
  """The files of one split: two, `<split>.<language>[.gz]`, or one, `<split>.tsv[.gz]`.

  A TSV line is the source sentence, a tab, the target sentence. With a `url` that holds {split} and
  {language}, missing files are fetched into the folder first. UserError: no such files, or one file
  under two names.
  """
  pair = [_existing(folder, f"{split}.{language}") for language in (source, target)]
  if all(pair):
    return _two([path for path in pair if path])
  table = _existing(folder, f"{split}.tsv")
  if table:
    return (table,)
  if url:
    return _two(
      [
        path or fetch(url, folder, split, language)
        for path, language in zip(pair, (source, target), strict=True)
      ]
    )
  missing = source if not pair[0] else target
  raise UserError(
    f"no file {folder / f'{split}.{missing}'}[.gz] and no {split}.tsv[.gz]; "
    "check data.dir and the split, or set data.url"
  )


def links(folder: Path, split: str) -> Path | None:
  """The file of word links beside a split's text, `<split>.links[.gz]`, if there is one."""
  return _existing(folder, f"{split}.links")


def fetch(url: str, folder: Path, split: str, language: str) -> Path:
  """Downloads one file, whole or not at all. UserError: it cannot be had."""
  address = url.replace("{split}", split).replace("{language}", language)
  suffix = ".gz" if urllib.parse.urlparse(address).path.endswith(".gz") else ""
  path = folder / f"{split}.{language}{suffix}"
  try:
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
      urllib.request.urlopen(address, timeout=60) as response,
      replacing(path, "wb") as file,
      progress_bar.bar(DownloadColumn()) as progress,
    ):
      size = response.headers.get("Content-Length")
      task = progress.add_task(path.name, total=int(size) if size else None)
      while block := response.read(1 << 16):
        file.write(block)
        progress.advance(task, len(block))
      if size and file.tell() != int(size):
        raise OSError("the connection ended early")
  except (OSError, ValueError) as error:  # URLError is an OSError
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
    raise UserError(f"cannot fetch {address} into {folder}: {reason}") from error
  return path


def fingerprint(files: tuple[Path, ...]) -> str:
  """A hash of the files' bytes. UserError: a file cannot be read."""
  total = hashlib.sha256()
  for path in files:
    with _reading(path), open(path, "rb") as file:
      total.update(hashlib.file_digest(file, "sha256").digest())
  return total.hexdigest()


def stdin() -> io.BufferedReader:
  """The bytes of stdin. UserError: it is closed."""
  if sys.stdin is None:
    raise UserError("stdin is closed; name a file to read from")
  return cast(io.BufferedReader, sys.stdin.buffer)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
  """Gives the bytes of a file, a pipe or stdin (`-`), unpacked where they are gzip's."""
  with contextlib.ExitStack() as stack:
    file = stdin() if path == STDIN else stack.enter_context(open(path, "rb"))
    # No UTF-8 begins like this.
    packed = path.suffix == ".gz" or file.peek(2)[:2] == b"\x1f\x8b"
    yield cast(BinaryIO, stack.enter_context(gzip.open(file))) if packed else file


def text(line: bytes, number: int) -> str:
  """A line of a file without its end ("\\n" or "\\r\\n"), and line 1 without a byte order mark.

  Any other "\\r" is a character like others. UnicodeDecodeError: it is not UTF-8.
  """
  line = line.removesuffix(b"\n").removesuffix(b"\r")
  return (line.removeprefix(codecs.BOM_UTF8) if number == 1 else line).decode()


def one_line(text: str) -> str:
  """A text with blanks for its ends of lines, which would shift every line after it."""
  return text.replace("\n", " ").replace("\r", " ")


def lines(path: Path) -> Iterator[str]:
  """Yields the lines of a plain or gzip file, or of stdin (`-`); see `text` for where they end.

  UserError: the file is missing or damaged, or a line is not UTF-8.
  """
  with _reading(path), opened(path) as file:
    for number, line in enumerate(file, 1):
      try:
        yield text(line, number)
      except UnicodeDecodeError as error:
        raise UserError(f"{path}, line {number}: not valid UTF-8 ({error.reason})") from error


def pairs(files: tuple[Path, ...]) -> Iterator[tuple[str, str]]:
  """Yields (source, target). UserError: sides of different length, or a line not of two columns."""
  if len(files) == 1:
    for number, line in enumerate(lines(files[0]), 1):
      columns = line.split("\t")
      if len(columns) != 2:
        raise UserError(
          f"{files[0]}, line {number}: {len(columns)} tab-separated columns instead of 2"
        )
      yield columns[0], columns[1]
    return
  if files.count(STDIN) > 1:
    raise UserError("only one of two files can be stdin (-)")
  counts = [0, 0]
  for sides in itertools.zip_longest(*map(lines, files)):
    counts = [count + (side is not None) for count, side in zip(counts, sides, strict=True)]
    if counts[0] == counts[1]:
      yield sides[0], sides[1]
  if counts[0] != counts[1]:
    raise UserError(f"{files[0]} has {counts[0]} lines but {files[1]} has {counts[1]}")


def check(files: tuple[Path, ...]) -> int:
  """Reads everything once and returns the number of pairs. UserError: as in `pairs`, or no pair."""
  with checked(files) as (count, _):
    return count


@contextlib.contextmanager
def checked(files: tuple[Path, ...]) -> Iterator[tuple[int, Iterator[tuple[str, str]]]]:
  """Reads everything once, then gives the number of pairs, and the pairs from the first one on.

  Pairs that can't be read again, from a pipe, are kept in a temporary file meanwhile. UserError: as
  in `pairs`, or no pair.
  """
  once = not all(path.is_file() for path in files)
  with tempfile.SpooledTemporaryFile(max_size=1 << 26) as kept:
    count = 0
    for pair in pairs(files):
      count += 1
      if once:
        kept.write("".join(f"{side}\n" for side in pair).encode())
    if not count:
      raise UserError(f"{files[0]} holds no sentence")
    kept.seek(0)
    again = (line.removesuffix(b"\n").decode() for line in kept)
    yield count, zip(again, again, strict=True) if once else pairs(files)


def _two(files: list[Path]) -> tuple[Path, ...]:
  if os.path.samefile(*files):
    raise UserError(
      f"{files[0]} and {files[1]} are one file: a model would learn to copy; "
      "check data.source, data.target and data.dir"
    )
  return tuple(files)


def _existing(folder: Path, name: str) -> Path | None:
  return next((p for p in (folder / name, folder / f"{name}.gz") if p.exists()), None)


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
  """Turns what can go wrong with a file into one line that names it."""
  try:
    yield
  except (OSError, EOFError, zlib.error) as error:  # BadGzipFile is an OSError
    raise UserError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
