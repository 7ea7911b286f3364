"""Every command ends with one of few exit codes, and errors of the user's are one line."""

import errno
import subprocess
import sys

import pytest

from nmt import cli
from nmt.errors import UserError


def end(main):
  with pytest.raises(SystemExit) as caught:
    cli.entry(main)
  return caught.value.code


def failing(error):
  def main(arguments):
    raise error

  return main


@pytest.mark.parametrize("code", [0, 75, 3])
def test_the_code_that_main_returns_is_the_exit_code(code):
  assert end(lambda arguments: code) == code


def test_a_user_error_is_one_line_and_exit_2(capsys):
  assert end(failing(UserError("x.en: no such file\nanywhere"))) == 2
  assert capsys.readouterr().err == "error: x.en: no such file anywhere\n"


def test_a_full_disk_is_one_line_that_names_the_file(capsys):
  assert end(failing(OSError(errno.ENOSPC, "No space left on device", "w/x"))) == 2
  assert capsys.readouterr().err.startswith("error: w/x: No space left on device; free some")


def test_a_full_disk_under_a_library_is_found_by_its_text_or_its_cause(capsys):
  assert end(failing(ValueError("UNKNOWN: writing /w/x: No space left on device"))) == 2
  assert "/w/x" in capsys.readouterr().err
  outer = RuntimeError("save failed")
  outer.__cause__ = OSError(errno.ENOSPC, "No space left on device")
  assert end(failing(outer)) == 2
  assert capsys.readouterr().err.count("\n") == 1


def test_ctrl_c_is_exit_130():
  assert end(failing(KeyboardInterrupt())) == 130


def test_a_fault_of_the_program_keeps_its_trace():
  with pytest.raises(ZeroDivisionError):
    cli.entry(lambda arguments: 1 // 0)


def test_the_last_line_is_ours_whatever_a_library_writes_after():
  program = "import os, sys; from nmt import cli; os.write(2, b'a\\n'); cli.silence_libraries(); "
  program += "os.write(2, b'b\\n'); print('c', file=sys.stderr); os.write(2, b'd\\n')"
  done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
  assert (done.returncode, done.stderr) == (0, "a\nc\n")
