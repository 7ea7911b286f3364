"""The one exception that a user is meant to read, and what messages in one line are made of."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
  """Bad input: one line that names what is wrong and what to do; shown without a stack trace."""


def nearest(name: str, names: Iterable[str]) -> str:
  """`; did you mean ...?` with the valid name most like `name`, or nothing if none is alike."""
  known = list(names)
  close = difflib.get_close_matches(name, known, n=1)
  if not close:  # the right last word in no group, or in a wrong one
    last = name.rsplit(".", 1)[-1]
    close = [key for key in known if key.rsplit(".", 1)[-1] == last][:1]
  return f"; did you mean {close[0]}?" if close else ""


def first_line(error: BaseException) -> str:
  """The first line of what an error says, or its type's name if it says nothing."""
  return (str(error).strip() or type(error).__name__).splitlines()[0]
