"""A run of the first format, made and stopped long ago, is loaded, continued and translated with.

runs/first.tar.xz holds its folder as it was at update 6 of 12, its text, and the metrics with which
it ended when it was not stopped. It is never made anew.
"""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import jax
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def first(tmp_path):
  with tarfile.open(ROOT / "tests" / "runs" / "first.tar.xz") as archive:
    archive.extractall(tmp_path, filter="data")
  return tmp_path


def python(folder, *arguments, **more):
  environment = os.environ | {
    "PYTHONPATH": str(ROOT),
    "NMT_CACHE": str(folder / "cache"),
    "JAX_COMPILATION_CACHE_DIR": str(jax.config.jax_compilation_cache_dir),
    "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
  }
  return subprocess.run(
    [sys.executable, *arguments],
    cwd=folder,
    env=environment,
    capture_output=True,
    text=True,
    **more,
  )


def test_it_translates_and_ends_as_it_would_have_then(first, quick_programs):
  config = (first / "run" / "config.json").read_bytes()
  tokenizers = {path: path.read_bytes() for path in (first / "run" / "tokenizers").iterdir()}
  done = python(first, "-m", "nmt.translate", "--workdir", "run", input="We eat.\n\n")
  assert (done.returncode, done.stdout.count("\n")) == (0, 2), done.stderr

  done = python(first, "-m", "nmt.train", "--workdir", "run")
  assert done.returncode == 0, done.stderr
  assert "from update 6" in done.stderr
  found, expected = (
    [json.loads(line) for line in (first / path).read_text().splitlines()]
    for path in ("run/metrics.jsonl", "expected.jsonl")
  )
  assert [(x["kind"], x["update"]) for x in found] == [(x["kind"], x["update"]) for x in expected]
  for one, other in zip(found, expected, strict=True):
    assert one["loss"] == pytest.approx(other["loss"], rel=1e-4)
  assert (first / "run" / "config.json").read_bytes() == config
  assert {path: path.read_bytes() for path in tokenizers} == tokenizers


def test_with_another_text_it_does_not_go_on(first, quick_programs):
  with open(first / "text" / "train.en", "a") as en, open(first / "text" / "train.fr", "a") as fr:
    en.write("We eat.\n")
    fr.write("Nous mangeons.\n")
  done = python(first, "-m", "nmt.train", "--workdir", "run")
  assert done.returncode == 2
  assert "run began with: train (train): 48 -> 49 pairs, " in done.stderr
  assert json.loads((first / "run" / "status.json").read_text())["state"] == "failed"
