"""A worker of one's own making, in the place of nmt.train."""

import sys
import textwrap

import pytest

from nmt.launching import local


def write_worker(folder, text):
  """Writes a script that can take the place of nmt.train; returns what starts it."""
  script = folder / "worker.py"
  head = "import os, signal, sys, time; from nmt.workdir import Workdir; W = Workdir(sys.argv[2])\n"
  script.write_text(head + textwrap.dedent(text))
  return sys.executable, str(script)


@pytest.fixture
def worker(tmp_path, monkeypatch):
  """Puts a script in the place of nmt.train; it is given W and ends with the code of its text."""

  def use(text):
    command = write_worker(tmp_path, text)
    monkeypatch.setattr(local, "WORKER", command)
    return command[-1]

  return use
