"""Two runs of one small model, made once: `run`, and `other`, its parameters moved a little."""

import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest

from nmt.analysis import made
from nmt.analysis.place import place, weights_of

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def _runs(tmp_path_factory):
  folder = tmp_path_factory.mktemp("runs")
  with tarfile.open(ROOT / "tests" / "runs" / "first.tar.xz") as archive:
    archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Python has it from 3.11.4
    archive.extractall(folder)
  one = place(str(folder / "run"))
  run, random = one.load(), np.random.default_rng(1)
  arrays = {
    name: (array + 0.2 * random.standard_normal(array.shape)).astype(array.dtype)
    for name, array in weights_of(run).arrays.items()
  }
  made.make(folder / "other", one, run, arrays, {"verb": "noise", "of": [made.source(one, run)]})
  return folder


@pytest.fixture
def runs(_runs, tmp_path, monkeypatch):
  """A folder with both and their text, which a test may change; commands are run in it."""
  shutil.copytree(_runs, tmp_path / "runs")
  monkeypatch.chdir(tmp_path / "runs")
  monkeypatch.setenv("NMT_CACHE", str(_runs / "cache"))
  return tmp_path / "runs"
