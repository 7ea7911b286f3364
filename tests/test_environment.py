"""JAX's own environment variables: types stay what they are, and a missing device is a line."""

import json
import os
import subprocess
import sys

import jax
import numpy as np
import pytest

from configs import base
from nmt import config as config_lib
from nmt import loading
from nmt.workdir import Workdir


@pytest.fixture
def home(tmp_path):
  config = base.get_config()
  config.data.cache = str(tmp_path / "cache")
  config.data.grammar.update(train=64, valid=8, test=4, long=4, min_words=4, max_words=6)
  config.data.tokenizer.size = 200
  config.batch.update(multiple=16, size=8)
  config.model.update(size=8, embedding=8)
  config.model.readout.size = 8
  config.model.attention.size = 8
  config.model.dropout.update(embedding=0.1, state=0.1, readout=0.1)
  config.decode.update(beam=2, max_ratio=1.0)
  config.train.update(updates=4, ema=0.9, accumulate=2)
  config.train.objective.label_smoothing = 0.1
  config.train.optimizer.update(name="adam", learning_rate=1e-3)
  config.train.schedule.update(name="cosine", warmup=2)
  config.valid.update(every=2, log=1)
  home = Workdir(tmp_path / "run")
  home.make()
  config_lib.save(config, home.config)
  return home


@pytest.fixture
def python(compiling, home):
  """python("nmt.train", "--flag", VARIABLE="1") runs a command of the run."""

  def start(module, *arguments, **variables):
    return subprocess.run(
      [sys.executable, "-m", module, "--workdir", str(home), *arguments],
      env=os.environ | compiling | variables, capture_output=True, text=True, input="We eat.\n",
    )  # fmt: skip

  return start


@pytest.mark.slow
@pytest.mark.parametrize(
  "variable", [{"JAX_ENABLE_X64": "1"}, {"JAX_NUMPY_DTYPE_PROMOTION": "strict"}], ids=str
)
def test_whatever_types_jax_prefers_a_run_is_of_float32(home, python, variable):
  done = python("nmt.train", **variable)
  assert done.returncode == 0, done.stderr
  scores = json.loads((home.test / "test.json").read_text())
  assert np.isfinite(scores["perplexity"])
  found = loading.load(home, "last")
  assert found.update == 4
  assert {leaf.dtype for leaf in jax.tree.leaves(found.params)} == {np.dtype("float32")}

  (home.path / "source").write_text("We eat.\n")
  (home.path / "reference").write_text("Nous mangeons.\n")
  pair = ["--source", str(home.path / "source"), "--reference", str(home.path / "reference")]
  for module, arguments in (
    ("nmt.translate", ["--nbest", "2", "--scores"]),
    ("nmt.translate", ["--beam", "1"]),
    ("nmt.score", pair),
  ):
    plain, other = python(module, *arguments), python(module, *arguments, **variable)
    assert other.returncode == plain.returncode == 0, other.stderr
    assert other.stdout == plain.stdout != ""


@pytest.mark.parametrize(
  "platform", ["cua", *(pytest.param(name, marks=pytest.mark.slow) for name in ("cuda", "tpu"))]
)
def test_devices_that_are_not_there_are_one_line_before_data_are_prepared(home, python, platform):
  wish = {"JAX_PLATFORMS": platform, "CUDA_VISIBLE_DEVICES": ""}  # there may be some
  done = python("nmt.train", **wish)
  *_, line = done.stderr.splitlines()
  assert "Traceback" not in done.stderr
  assert done.returncode == 2
  assert line.startswith(f"error: JAX_PLATFORMS={platform} asks for devices that can't be used")
  assert "set it to cpu" in line
  assert not home.tokenizers.exists()
  assert home.read_status()["reason"] in line
  home.checkpoints.mkdir()
  (home.checkpoints / "5").mkdir()
  done = python("nmt.translate", **wish)
  assert (done.returncode, done.stderr.splitlines()[-1]) == (2, line)


def test_too_few_devices_are_said_before_data_are_prepared(home, python):
  config = config_lib.load(home.config)
  config.mesh.data = 3
  config_lib.save(config, home.config)
  done = python("nmt.train", JAX_PLATFORMS="cpu")
  assert done.returncode == 2
  assert done.stderr.startswith("error: mesh.data=3 and mesh.model=1 need 3 devices")
  assert not home.tokenizers.exists()
