"""How every command line of this project begins and ends: exit codes, and errors in one line."""

import contextlib
import errno
import io
import logging
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from nmt.errors import UserError
from nmt.exit_codes import DONE, FAILED, INTERRUPTED, READER_LEFT, WRONG_INPUT
from nmt.files import FULL

if TYPE_CHECKING:
  from rich.console import Console

_ENDLESS = 1 << 20  # columns of a log or a pipe

# What the machine, not the program, got wrong: its text is enough, a stack trace says nothing more.
_MACHINE = {
  **dict.fromkeys(FULL, "free some space and start the same command again"),
  errno.EROFS: "choose a place that can be written",
  errno.EACCES: "check its permissions",
  errno.EPERM: "check its permissions",
}
_FULL = os.strerror(errno.ENOSPC)  # libraries in C++ report a full disk by this text alone


def entry(main: Callable[[Sequence[str]], int | None], *, pipe: bool = False) -> NoReturn:
  """Runs `main(arguments)` and exits with what it returns (None: 0).

  A mistake in the input (`UserError`), a full disk or a place that can't be read or written is one
  line on stderr and exit 2; Ctrl-C is exit 130. Anything else is a fault of the program and keeps
  its stack trace.

  What is printed is for people: where a stream is closed, its reader left or its disk is full, it
  is dropped and the work goes on. With `pipe`, stdout is data for another program: closed, it is an
  error, and a reader that left (`| head`) ends the command, quietly, exit 141. A character that a
  stream's encoding lacks is written as its escape.
  """
  sys.unraisablehook = _unraisable
  logging.getLogger("asyncio").setLevel(logging.CRITICAL)
  try:
    _open_streams(pipe)
    code = main(sys.argv[1:]) or DONE
    sys.stdout.flush()
  except KeyboardInterrupt:
    code = INTERRUPTED
  except BrokenPipeError:
    code = READER_LEFT
  except Exception as e:
    if _line(e) is None:
      raise
    code = report(e)
  try:
    sys.stdout.flush()
  except OSError:
    # Python flushes stdout once more on its way out: give it somewhere to go.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
  sys.exit(code)


def report(error: BaseException) -> int:
  """Prints what a person is to read of an error, and returns the exit code for it."""
  line = _line(error)
  if line is None:
    traceback.print_exception(error)
    return FAILED
  print("error: " + " ".join(line.splitlines()), file=sys.stderr)
  return WRONG_INPUT


def console(stderr: bool = False) -> "Console":
  """Where tables are printed: as wide as the terminal, or as its content where there is none."""
  from rich.console import Console

  stream = sys.stderr if stderr else sys.stdout
  terminal = stream is not None and stream.isatty()
  return Console(stderr=stderr, width=None if terminal else _ENDLESS)


class _Dropping(io.FileIO):
  """A file or descriptor that takes all there is to write, and drops what can't be written."""

  def write(self, data: Any) -> int:
    try:
      return super().write(data)
    except OSError:
      return len(data)


def _dropping(file: str | int, encoding: str, line_buffering: bool) -> io.TextIOWrapper:
  written = io.BufferedWriter(_Dropping(file, "w", closefd=isinstance(file, str)))
  return io.TextIOWrapper(written, encoding, "backslashreplace", line_buffering=line_buffering)


def silence_libraries() -> None:
  """From here on stderr has only what Python prints; libraries in C++ write to descriptor 2 itself.

  For a process about to end because of another one: what they say of that would hide why.
  """
  with contextlib.suppress(OSError):
    if sys.stderr.fileno() != 2:
      return  # put there by a program that calls this one
    own = os.dup(2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    sys.stderr = _dropping(own, sys.stderr.encoding, True)


def _open_streams(pipe: bool) -> None:
  """Makes stdout and stderr what `entry` says of them."""
  for number in range(3):
    try:
      os.fstat(number)
    except OSError:
      # Closed: the next file opened would take this number, and all that is written to it.
      os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
  for name, data in (("stderr", False), ("stdout", pipe)):
    stream = getattr(sys, name)
    if stream is None:
      setattr(sys, name, _dropping(os.devnull, "utf-8", False))
      if data:
        raise UserError(f"{name} is closed; send it to a file or a program")
    elif stream is not getattr(sys, f"__{name}__"):
      continue  # put there by a program that calls this one
    elif data:
      stream.reconfigure(errors="backslashreplace")
    else:
      lines = stream.line_buffering or stream.write_through
      setattr(sys, name, _dropping(stream.fileno(), stream.encoding, lines))


def _unraisable(fault: "sys.UnraisableHookArgs") -> None:
  # Where Orbax fails at one array, the others come back to an event loop that is gone (and asyncio
  # logs the stack of those that fail too).
  if str(fault.exc_value) != "Event loop is closed":
    sys.__unraisablehook__(fault)


def _line(error: BaseException) -> str | None:
  """What to show of an error in the input or of the machine; None: it is the program's."""
  return str(error) if isinstance(error, UserError) else _machine_error(error)


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
