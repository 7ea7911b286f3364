"""Where words and tokens stand in a line of text."""

from collections.abc import Sequence

Span = tuple[int, int]  # the first character, and the one after the last


def locate(line: str, words: Sequence[str]) -> list[Span] | None:
  """Where words stand in a line, one after the other; None if one is not there."""
  spans, end = [], 0
  for word in words:
    start = line.find(word, end)
    if start < 0:
      return None
    end = start + len(word)
    spans.append((start, end))
  return spans


def of_bytes(line: str, sizes: Sequence[int], before: int = 0) -> list[Span] | None:
  """Where tokens of these many UTF-8 bytes stand; None if they are not as long as the line.

  A character belongs to every token that has a byte of it. `before`: bytes of the tokens that come
  before the line's.
  """
  owner = [-1] * before
  for index, character in enumerate(line):
    owner += [index] * len(character.encode())
  spans, end = [], 0
  for size in sizes:
    start, end = end, end + size
    if end > len(owner):
      return None
    spans.append((max(owner[start], 0), owner[end - 1] + 1))
  return spans if end == len(owner) else None
