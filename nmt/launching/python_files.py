"""Python files of the user's, configs and studies: run as they are now, their faults a line."""

import contextlib
import importlib.machinery
import importlib.util
import os
import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, ModuleType

from nmt.errors import UserError

ROOT = Path(__file__).resolve().parents[2]


class _Source(importlib.machinery.SourceFileLoader):
  """Compiles the text that is there: a bytecode file is taken for it until its second is over."""

  def get_code(self, fullname: str) -> CodeType:
    return self.source_to_code(self.get_data(self.path), self.path)


def execute(path: Path) -> ModuleType:
  """Runs a Python file of the user's as a module; its faults are a UserError with the line.

  It may import the packages of this checkout and, last, the files beside it.
  """
  name = "launched_" + re.sub(r"\W", "_", os.path.abspath(path))
  if path.suffix != ".py":
    raise UserError(f"{path}: not a Python file (*.py)")
  loader = _Source(name, os.path.abspath(path))
  spec = importlib.util.spec_from_loader(name, loader)
  assert spec is not None
  for place in (str(ROOT), str(path.resolve().parent)):
    if place not in sys.path:
      sys.path.append(place)
  module = sys.modules[name] = importlib.util.module_from_spec(spec)  # dataclasses look there
  with blaming(path):
    loader.exec_module(module)
  return module


@contextlib.contextmanager
def blaming(path: Path) -> Iterator[None]:
  """Within it, a fault of the Python file `path` of the user's is a UserError with its line."""
  try:
    yield
  except (Exception, SystemExit) as e:
    if isinstance(e, UserError):
      raise
    file = os.path.abspath(path)
    lines = [at.lineno for at in traceback.extract_tb(e.__traceback__) if at.filename == file]
    at = f", line {lines[-1]}" if lines else ""
    raise UserError(f"{path}{at}: {type(e).__name__}: {e}") from e
