"""The worker of a launcher: python -m nmt.train, killed, damaged, continued, finished, tested."""

import functools
import json
import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt import config as config_lib
from nmt import loading, models, train
from nmt.data.pipeline import prepare
from nmt.data.units import Bytes
from nmt.data.words import Words
from nmt.decoding.translator import Translation, Translator
from nmt.errors import UserError
from nmt.training import checkpoints
from nmt.workdir import Workdir


@pytest.fixture
def tiny(config, tmp_path):
  config.data.cache = str(tmp_path / "cache")
  config.data.grammar.update(train=64, valid=8, test=4, long=4, min_words=4, max_words=6)
  config.data.tokenizer.size = 200
  config.batch.update(multiple=16, size=8)
  config.decode.update(beam=1, max_ratio=1.0)
  config.train.update(updates=60, ema=0.9)
  config.valid.update(every=15, log=10, metric="perplexity")
  return config


# A worker that is killed, at a moment that does not depend on how fast it is.
KILLED = """
import os, signal
from nmt import cli, digests, train
from nmt.training.session import Session

def kill(*_):
  os.kill(os.getpid(), signal.SIGKILL)

def update(self, batches, update=Session.update):
  update(self, batches) if self.progress.update < 17 else kill()

{moment} = {function}
cli.entry(train.main)
"""
AFTER_A_SAVE = KILLED.format(moment="Session.update", function="update")  # that of 15
IN_A_SAVE = KILLED.format(moment="digests.record", function="kill")
AT_THE_END = KILLED.format(moment="train._test", function="kill")


@pytest.fixture
def work(compiling):
  return functools.partial(started, os.environ | compiling)


def started(environment, config, folder, killed=""):
  """Runs a worker to its end, or one that is killed."""
  home = Workdir(folder)
  home.make()
  config_lib.save(config, home.config)
  start = ["-c", killed] if killed else ["-m", "nmt.train"]
  with open(folder / "log", "a+") as log:
    code = subprocess.run(
      [sys.executable, *start, "--workdir", str(folder)], env=environment, stdout=log, stderr=log
    ).returncode
  assert code == (-signal.SIGKILL if killed else 0), (folder / "log").read_text()
  return home


def lines(home):
  found = [json.loads(line) for line in home.metrics.read_text().splitlines()]
  return [{key: value for key, value in line.items() if key != "timing"} for line in found]


@pytest.mark.slow
def test_killed_is_uninterrupted_bit_for_bit(tiny, work, tmp_path):
  vectors = tmp_path / "fr.vec"  # of which only the start of a run has need
  vectors.write_text(f"le {' '.join('5' * 8)}\n")
  tiny.train.start.target_vectors = str(vectors)
  whole = work(tiny, tmp_path / "whole")
  assert whole.read_status()["state"] == "done"
  assert json.loads((whole.test / "test.json").read_text())["split"] == "test"
  assert (whole.test / "test.hypotheses").read_text().count("\n") == 4

  killed = work(tiny, tmp_path / "killed", AFTER_A_SAVE)
  vectors.unlink()
  for moment, saved in ((IN_A_SAVE, [15]), (AT_THE_END, [45, 60])):
    assert killed.read_status()["state"] == "running"
    work(tiny, killed.path, moment)
    assert set(saved) <= set(checkpoints.updates(killed.checkpoints))
  assert killed.read_status()["state"] == "running"
  assert work(tiny, killed.path).read_status()["state"] == "done"
  assert json.loads(killed.start.read_text())["decoder.E_y"]["found"] == 1
  assert lines(killed) == lines(whole)
  for name in ("test.hypotheses", "test.source", "test.references"):
    assert (killed.test / name).read_bytes() == (whole.test / name).read_bytes()
  found, expected = loading.load(killed, "last"), loading.load(whole, "last")
  assert found.update == expected.update == 60
  jax.tree.map(np.testing.assert_array_equal, found.params, expected.params)


def test_what_a_run_lacks_is_named(config, tmp_path):
  with pytest.raises(UserError, match="no such folder"):
    loading.load(tmp_path / "none")
  with pytest.raises(UserError, match=r"holds no run \(no config.json\)"):
    loading.load(tmp_path)
  config_lib.save(config, Workdir(tmp_path).config)
  with pytest.raises(UserError, match="has no checkpoint yet"):
    loading.load(tmp_path)


def test_limits_of_length_that_spoil_a_validation_are_said_and_counted(tiny, capsys):
  tiny.data.tokenizer.kind = "characters"
  tiny.decode.max_ratio = 0.01
  prepared = prepare(tiny.data)
  capsys.readouterr()
  validate = train._bleu_of(tiny, prepared)
  said = "warning: 8 of 8 validation references are longer than a translation may be: raise decode"
  assert said in capsys.readouterr().err
  params = models.init(tiny.model, prepared.source.size, prepared.target.size, 1)
  assert validate(params)["cut"] == 8
  tiny.decode.max_ratio = 20.0
  train._bleu_of(tiny, prepared)
  assert capsys.readouterr().err == ""


def test_validation_scores_a_language_without_spaces_by_its_own_words(tiny, tmp_path, monkeypatch):
  lines = {"en": "他今天在学校学习中文。\n他在家。\n", "zh": "他今天在学校学习英文。\n他在家。\n"}
  for language, text in lines.items():
    (tmp_path / f"valid.{language}").write_text(text)
  tiny.data.update(corpus="text", dir=str(tmp_path), target="zh")

  class Copier(Translator):
    def translate(self, lines, params=None):
      return (Translation(line, [], 0.0, 0.0, None, [], finished=True) for line in lines)

  monkeypatch.setattr(train, "Translator", Copier)
  validate = train._bleu_of(tiny, SimpleNamespace(source=Bytes(), target=Bytes()))
  assert validate(None) == {"bleu": pytest.approx(78, abs=10), "cut": 0}


def test_force_follows_step(config):

  params = models.init(config.model, 24, 24, 1)
  side = Words("en", [str(word) for word in range(20)])
  one = loading.of(config, side, side, params)
  assert loading.of(config, side, side, None).step is one.step
  source, target = jnp.array([[5, 6, 2, 0]]), jnp.array([[7, 8, 2, 0]])
  log_probs, alpha = jax.jit(one.force)(params, source, target)
  memory, state = one.encode(params, source)
  previous = jnp.array([1])
  for i in range(3):
    state, (logits, alpha_BxJ) = one.step(params, memory, state, previous)
    previous = target[:, i]
    expected = jax.nn.log_softmax(logits)[0, target[0, i]]
    np.testing.assert_allclose(log_probs[0, i], expected, rtol=1e-4)
    np.testing.assert_allclose(alpha[:, i], alpha_BxJ, rtol=1e-4)
  assert log_probs[0, 3] == 0
