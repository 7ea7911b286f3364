"""How every command line of this project begins and ends: exit codes, and errors in one line."""

import errno
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from nmt.errors import UserError

# What the machine, not the program, got wrong: its text is enough, a stack trace says nothing more.
_MACHINE = {
  errno.ENOSPC: "free some space and start the same command again",
  errno.EDQUOT: "free some space and start the same command again",
  errno.EROFS: "choose a place that can be written",
  errno.EACCES: "check its permissions",
  errno.EPERM: "check its permissions",
}
_FULL = os.strerror(errno.ENOSPC)  # libraries in C++ report a full disk by this text alone


def entry(main: Callable[[Sequence[str]], int | None]) -> NoReturn:
  """Runs `main(arguments)` and exits with what it returns (None: 0).

  A mistake in the input (`UserError`), a full disk or a place that can't be read or written is one
  line on stderr and exit 2; Ctrl-C is exit 130; a reader that left (`| head`) is quiet, exit 141.
  Anything else is a fault of the program and keeps its stack trace.
  """
  sys.unraisablehook = _unraisable
  try:
    code = main(sys.argv[1:])
    sys.stdout.flush()
  except UserError as e:
    code = _complain(str(e))
  except KeyboardInterrupt:
    code = 130
  except BrokenPipeError:
    # Python flushes stdout once more on its way out: give it somewhere to go.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    code = 141
  except Exception as e:
    line = _machine_error(e)
    if line is None:
      raise
    code = _complain(line)
  sys.exit(code)


def _unraisable(fault: "sys.UnraisableHookArgs") -> None:
  # Where Orbax fails at one array, the others come back to an event loop that is gone.
  if str(fault.exc_value) != "Event loop is closed":
    sys.__unraisablehook__(fault)


def _complain(line: str) -> int:
  print("error: " + " ".join(line.splitlines()), file=sys.stderr)
  return 2


def _machine_error(error: BaseException) -> str | None:
  """The line to show if `error`, or what caused it, is the machine's; otherwise None."""
  seen: BaseException | None = error
  while seen is not None:
    if isinstance(seen, OSError) and seen.errno in _MACHINE:
      where = f"{seen.filename}: " if seen.filename else ""
      return f"{where}{seen.strerror}; {_MACHINE[seen.errno]}"
    if _FULL in str(seen):
      return f"{_FULL} ({str(seen)[:200]} ...); {_MACHINE[errno.ENOSPC]}"
    seen = seen.__cause__ or seen.__context__
  return None
