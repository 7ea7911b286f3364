"""Word vectors in a text file, as word2vec, GloVe and fastText (.vec) write them.

A line is a word and its numbers, separated by spaces. A first line of two whole numbers, how many
words there are and how many numbers each has, may stand before them.
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from nmt.data import text_files
from nmt.errors import UserError


def width(path: Path) -> int:
  """How many numbers the file's first word has. UserError: it is no file of word vectors."""
  for number, word, numbers in _rows(path):
    return len(_floats(path, number, word, numbers))
  raise UserError(f"{path} holds no word vector")


def fill(table_VxM: np.ndarray, path: Path, rows: Mapping[str, int]) -> int:
  """Puts the vectors of words into their rows of a table; returns how many words were found.

  Reads line by line, until all words are found. Of a word that comes twice the first vector counts,
  and a word with a space in it (GloVe has some) is none. UserError: the file is missing or damaged,
  or a vector has fewer numbers than a row.
  """
  waiting = dict(rows)
  for number, word, numbers in _rows(path):
    if (row := waiting.get(word)) is None:
      continue
    size = len(numbers.split())
    if size > table_VxM.shape[1]:
      continue
    if size < table_VxM.shape[1]:
      raise UserError(
        f"{path}, line {number}: {size} numbers instead of {table_VxM.shape[1]}; is the file whole?"
      )
    table_VxM[row] = _floats(path, number, word, numbers)
    del waiting[word]
    if not waiting:
      break
  return len(rows) - len(waiting)


def _rows(path: Path) -> Iterator[tuple[int, str, str]]:
  """(number of the line, word, its numbers as text), without the header."""
  for number, line in enumerate(text_files.lines(path), 1):
    # Only these two separate: a word may hold any other blank, such as a no-break space.
    word, _, numbers = line.replace("\t", " ").partition(" ")
    if number == 1 and word.isdecimal() and numbers.strip().isdecimal():
      continue
    yield number, word, numbers


def _floats(path: Path, number: int, word: str, numbers: str) -> list[float]:
  try:
    found = [float(x) for x in numbers.split()]
  except ValueError:
    found = []
  if not found or not all(map(math.isfinite, found)):
    raise UserError(
      f"{path}, line {number}: not a word and its numbers, separated by spaces: {word[:30]!r} ..."
    )
  return found
