"""A run that is stopped and continued ends with the bits of one that was not."""

import json
import os
import signal

import jax
import numpy as np
import pytest

from nmt.exit_codes import CONTINUE
from nmt.profiling.profile import Profile
from nmt.training import loop, sharding, step
from nmt.training.checkpoints import load, updates
from nmt.training.meter import NonFinite
from nmt.training.stopping import Stopping
from nmt.workdir import Workdir


@pytest.fixture
def everything(config):
  """Every kind of state that has to survive a stop, in few updates."""
  config.model.dropout.embedding = 0.1
  config.train.update(updates=11, accumulate=2, ema=0.9)
  config.train.schedule.update(name="plateau", patience=1, warmup=3)
  config.valid.update(every=4, log=3, metric="bleu", patience=5)
  return config


class Validation:
  """Scores that never get better; asks the process to stop in the validations named."""

  def __init__(self, stop_in=()):
    self.stop_in, self.calls = set(stop_in), 0

  def __call__(self, params):
    self.calls += 1
    if self.calls in self.stop_in:
      os.kill(os.getpid(), signal.SIGTERM)
    return {"bleu": 1.0}


def train(config, folder, prepared, validate=None, stop_before=(), profiler=None):
  """Runs the loop; asks it to stop when the batches named are drawn."""
  home = Workdir(folder)
  home.make()
  with Stopping() as stopping, pytest.MonkeyPatch.context() as patch:
    drawn = loop.iterate

    def iterate(batches, start, process):
      for number, batch in enumerate(drawn(batches, start, process), start):
        if number in stop_before:
          os.kill(os.getpid(), signal.SIGINT)
        yield batch

    patch.setattr(loop, "iterate", iterate)
    code = loop.train(config, home, prepared, validate or Validation(), stopping, profiler)
  return code, home


def lines(home):
  """The metrics without what depends on the clock."""
  found = [json.loads(line) for line in home.metrics.read_text().splitlines()]
  for line in found:
    assert line.pop("timing")
  return found


def arrays(config, home, names=("params", "optimizer", "average")):
  abstract = step.build(config, 24, 24, sharding.build(config.mesh)).abstract
  return {name: load(home.checkpoints, "last", name, abstract[name]) for name in names}


def same(config, a, b):
  assert lines(a) == lines(b)
  jax.tree.map(np.testing.assert_array_equal, arrays(config, a), arrays(config, b))


def test_stopped_is_uninterrupted_bit_for_bit(everything, prepared, tmp_path):
  code, whole = train(everything, tmp_path / "whole", prepared)
  assert code == 0
  assert [x["update"] for x in lines(whole) if x["kind"] == "valid"] == [4, 8, 11]
  rates = [x["learning_rate"] for x in lines(whole) if x["kind"] == "train"]
  assert rates == pytest.approx([0.01, 0.01, 0.005, 0.005])

  # Between two lines, in the middle of an update; then in a validation, with lines beyond the save.
  stops = [{"stop_before": {10}}, {"validate": Validation({1, 2})}, {"validate": Validation({2})}]
  for stop in stops:
    code, parts = train(everything, tmp_path / "parts", prepared, **stop)
    assert code == CONTINUE
  assert train(everything, tmp_path / "parts", prepared)[0] == 0
  same(everything, whole, parts)
  assert train(everything, tmp_path / "parts", prepared)[0] == 0  # finished: nothing more to do
  same(everything, whole, parts)

  # Damage loses time, and nothing else.
  newest = whole.checkpoints / str(updates(whole.checkpoints)[-1]) / "params"
  for file in newest.rglob("*"):
    if file.is_file():
      os.truncate(file, file.stat().st_size // 2)
  assert train(everything, tmp_path / "whole", prepared)[0] == 0
  same(everything, whole, parts)


@pytest.mark.slow
def test_a_profile_changes_nothing(everything, prepared, tmp_path, capsys):
  everything.train.updates = 30
  everything.valid.update(every=14, patience=0)
  assert train(everything, tmp_path / "plain", prepared)[0] == 0
  assert "profile" not in capsys.readouterr().err
  assert train(everything, tmp_path / "traced", prepared, profiler=Profile)[0] == 0
  same(everything, Workdir(tmp_path / "plain"), Workdir(tmp_path / "traced"))
  (trace,) = (tmp_path / "traced" / "profile").rglob("*.xplane.pb")
  assert (trace.parent / "perfetto_trace.json.gz").stat().st_size > 1000
  shown = capsys.readouterr().err
  assert "profile of updates 15-24:" in shown
  assert shown.count("nmt/models/") >= 5

  everything.train.updates = 31
  assert train(everything, tmp_path / "traced", prepared, profiler=Profile)[0] == 0
  assert "profile: none, since no 10 updates" in capsys.readouterr().err


def test_patience_ends_a_run(everything, prepared, tmp_path):
  everything.train.updates = 1000
  everything.valid.patience = 1
  code, home = train(everything, tmp_path, prepared)
  assert code == 0
  assert updates(home.checkpoints) == [4, 8]
  assert json.loads(home.cost.read_text()).keys() == {
    *("parameters", "flops_per_target_token", "device"),
  }


def test_not_finite_ends_a_run_and_keeps_its_batch(everything, prepared, tmp_path):
  everything.train.update(accumulate=1, clip=0.0)
  everything.train.schedule.warmup = 0
  everything.train.optimizer.update(name="sgd", learning_rate=1e30)
  with pytest.raises(NonFinite, match=r"update \d+ is not finite; its batch is in .*npz"):
    train(everything, tmp_path, prepared)
  (file,) = (tmp_path / "nonfinite").glob("*.npz")
  kept = np.load(file)
  before = int(file.stem) - 1
  assert kept["source"].shape == (16, 8)
  index = int(kept["sentences"][0])
  row = kept["source"][0]
  np.testing.assert_array_equal(row[row > 0], prepared.train.source(index))
  assert updates(tmp_path / "nonfinite" / "state") == ([before] if before else [])
  assert updates(Workdir(tmp_path).checkpoints) == []
  with pytest.raises(NonFinite, match=f"update {before + 1} is .* goes on from update 0"):
    train(everything, tmp_path, prepared)
  everything.train.optimizer.learning_rate = 1e-3
  assert train(everything, tmp_path, prepared)[0] == 0
