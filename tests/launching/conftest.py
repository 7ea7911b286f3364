"""A worker of one's own making, in the place of nmt.train."""

import sys
import textwrap

import pytest

from nmt.launching import local


@pytest.fixture
def worker(tmp_path, monkeypatch):
  """Puts a script in the place of nmt.train; it is given W and ends with the code of its text."""

  def use(text):
    script = tmp_path / "worker.py"
    head = (
      "import os, signal, sys, time; from nmt.workdir import Workdir; W = Workdir(sys.argv[2])\n"
    )
    script.write_text(head + textwrap.dedent(text))
    monkeypatch.setattr(local, "WORKER", (sys.executable, str(script)))
    return script

  return use
