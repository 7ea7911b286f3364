"""Files of parallel text: found, fetched, checked and read line by line."""

import contextlib
import gzip
import hashlib
import itertools
import os
import tempfile
import urllib.parse
import urllib.request
import zlib
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from nmt.errors import UserError


def find(folder: Path, split: str, source: str, target: str, url: str = "") -> tuple[Path, ...]:
  """The files of one split: two, `<split>.<language>[.gz]`, or one, `<split>.tsv[.gz]`.

  A TSV line is the source sentence, a tab, the target sentence. With a `url` that holds {split} and
  {language}, missing files are fetched into the folder first. UserError: no such files.
  """
  pair = [_existing(folder, f"{split}.{language}") for language in (source, target)]
  if all(pair):
    return tuple(path for path in pair if path)
  table = _existing(folder, f"{split}.tsv")
  if table:
    return (table,)
  if url:
    return tuple(
      path or fetch(url, folder, split, language)
      for path, language in zip(pair, (source, target), strict=True)
    )
  missing = source if not pair[0] else target
  raise UserError(
    f"no file {folder / f'{split}.{missing}'}[.gz] and no {split}.tsv[.gz]; "
    "check data.dir and the split, or set data.url"
  )


def fetch(url: str, folder: Path, split: str, language: str) -> Path:
  """Downloads one file beside its place and renames it. UserError: it cannot be had."""
  address = url.replace("{split}", split).replace("{language}", language)
  suffix = ".gz" if urllib.parse.urlparse(address).path.endswith(".gz") else ""
  path = folder / f"{split}.{language}{suffix}"
  console = Console(stderr=True)
  try:
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
      urllib.request.urlopen(address, timeout=60) as response,
      tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as beside,
      Progress(console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
      size = response.headers.get("Content-Length")
      task = progress.add_task(path.name, total=int(size) if size else None)
      try:
        while block := response.read(1 << 16):
          beside.write(block)
          progress.advance(task, len(block))
        beside.close()
        if size and os.path.getsize(beside.name) != int(size):
          raise OSError("the connection ended early")
        os.chmod(beside.name, 0o644)
        os.replace(beside.name, path)
      except BaseException:
        os.unlink(beside.name)
        raise
  except (OSError, ValueError) as error:  # URLError is an OSError
    reason = getattr(error, "reason", None) or error
    raise UserError(f"cannot fetch {address} into {folder}: {reason}") from error
  return path


def fingerprint(files: tuple[Path, ...]) -> str:
  """A hash of the files' bytes. UserError: a file cannot be read."""
  total = hashlib.sha256()
  for path in files:
    with _reading(path), open(path, "rb") as file:
      total.update(hashlib.file_digest(file, "sha256").digest())
  return total.hexdigest()


def lines(path: Path) -> Iterator[str]:
  """Yields the lines of a plain or gzip file, split on "\\n" alone.

  UserError: the file is missing or damaged, or a line is not UTF-8.
  """
  with _reading(path), gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
    for number, line in enumerate(file, 1):
      try:
        yield line.removesuffix(b"\n").decode()
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
  counts = [0, 0]
  for sides in itertools.zip_longest(*map(lines, files)):
    counts = [count + (side is not None) for count, side in zip(counts, sides, strict=True)]
    if counts[0] == counts[1]:
      yield sides[0], sides[1]
  if counts[0] != counts[1]:
    raise UserError(f"{files[0]} has {counts[0]} lines but {files[1]} has {counts[1]}")


def check(files: tuple[Path, ...]) -> int:
  """Reads everything once and returns the number of pairs. UserError: as in `pairs`, or no pair."""
  count = sum(1 for _ in pairs(files))
  if not count:
    raise UserError(f"{files[0]} holds no sentence")
  return count


def _existing(folder: Path, name: str) -> Path | None:
  return next((p for p in (folder / name, folder / f"{name}.gz") if p.exists()), None)


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
  """Turns what can go wrong with a file into one line that names it."""
  try:
    yield
  except (OSError, EOFError, zlib.error) as error:  # BadGzipFile is an OSError
    raise UserError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
