"""Reads serialized protocol buffers by field number, so that no generated class is needed."""

from collections.abc import Iterator

Value = int | memoryview  # a number, or the bytes of a text, a message or a packed list


def fields(message: memoryview) -> Iterator[tuple[int, Value]]:
  """(number, value) of every field, in order."""
  at = 0
  while at < len(message):
    key, at = _varint(message, at)
    if key & 7 == 0:
      value, at = _varint(message, at)
      yield key >> 3, value
      continue
    size, at = _varint(message, at) if key & 7 == 2 else ({1: 8, 5: 4}[key & 7], at)
    yield key >> 3, message[at : at + size]
    at += size


def messages(message: memoryview, number: int) -> Iterator[memoryview]:
  """Every message, or the bytes of every text, in a repeated field."""
  return (value for key, value in fields(message) if key == number and not isinstance(value, int))


def text(message: memoryview, number: int) -> str:
  """A text field; empty if it is not set."""
  return "".join(str(value, "utf-8", "replace") for value in messages(message, number))


def number(message: memoryview, number: int) -> int:
  """An integer field; 0 if it is not set."""
  return next((v for key, v in fields(message) if key == number and isinstance(v, int)), 0)


def _varint(message: memoryview, at: int) -> tuple[int, int]:
  value = shift = 0
  while True:
    byte = message[at]
    value |= (byte & 127) << shift
    shift, at = shift + 7, at + 1
    if byte < 128:
      return value, at
