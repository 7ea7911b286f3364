"""The one exception that a user is meant to read, and what others say in one line."""


class UserError(Exception):
  """Bad input: one line that names what is wrong and what to do; shown without a stack trace."""


def first_line(error: BaseException) -> str:
  """The first line of what an error says, or its type's name if it says nothing."""
  return (str(error).strip() or type(error).__name__).splitlines()[0]
