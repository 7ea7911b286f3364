"""The one exception that a user is meant to read."""


class UserError(Exception):
  """Bad input: one line that names what is wrong and what to do; shown without a stack trace."""
