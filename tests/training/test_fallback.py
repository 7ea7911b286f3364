"""A run whose loss diverges goes back, at a lower rate, and does so again if it is stopped."""

import math

import pytest
from ml_collections import ConfigDict

from nmt.exit_codes import CONTINUE
from nmt.training.checkpoints import updates
from nmt.training.divergence import Diverged, NonFinite, check
from nmt.training.progress import Progress
from nmt.training.session import Session
from nmt.workdir import Workdir
from tests.training.test_loop import lines, same, train


@pytest.fixture
def falling(config):
  """A config that may go back twice."""
  config.model.dropout.embedding = 0.1
  config.train.update(updates=12, ema=0.9, clip=0.0)
  config.train.optimizer.update(name="sgd", learning_rate=0.1)
  config.train.fallback.update(times=2, factor=0.25)
  config.valid.update(every=4, log=3, patience=0)
  return config


@pytest.fixture
def leap(monkeypatch):
  """leap(update, size, times): that update is too large until the run went back so often."""

  def start(update, size, times=1):
    rate = Progress.rate

    def patched(self, config):
      leaps = self.update + 1 == update and self.fallbacks < times
      return rate(self, config) * (size if leaps else 1.0)

    monkeypatch.setattr(Progress, "rate", patched)

  return start


def killed_after(saves):
  """`Session.save`, which fails after so many, as if the process were killed."""
  save, left = Session.save, iter(range(saves))

  def patched(self, metrics):
    if next(left, None) is None:
      raise ZeroDivisionError
    save(self, metrics)

  return patched


def of(kind, home):
  return [line for line in lines(home) if line["kind"] == kind]


@pytest.mark.parametrize(
  ("size", "ratio"), [pytest.param(1e30, 0.0, marks=pytest.mark.slow), (300.0, 1.2)]
)
def test_a_run_goes_back_and_stopped_is_uninterrupted(
  falling, prepared, leap, tmp_path, monkeypatch, size, ratio
):
  falling.train.fallback.ratio = ratio
  leap(6, size)
  code, whole = train(falling, tmp_path / "whole", prepared)
  assert code == 0
  (line,) = of("fallback", whole)
  assert (line["number"], line["update"], line["scale"]) == (1, 4, 0.25)
  assert ("not finite" in line["reason"]) == (ratio == 0)
  assert line["from"] == (9 if ratio else 7)
  trained = of("train", whole)
  assert [line["update"] for line in trained] == [3, 6, 9, 12]
  assert [line["learning_rate"] for line in trained] == pytest.approx([0.1, *[0.025] * 3])
  assert all(math.isfinite(line["loss"]) for line in trained)
  assert whole.read_status()["fallbacks"] == 1

  if ratio:
    return
  with monkeypatch.context() as patch:
    patch.setattr(Session, "save", killed_after(1))
    with pytest.raises(ZeroDivisionError):
      train(falling, tmp_path / "parts", prepared)
  assert train(falling, tmp_path / "parts", prepared, stop_before={9})[0] == CONTINUE
  code, parts = train(falling, tmp_path / "parts", prepared)
  assert code == 0
  same(falling, whole, parts)


def test_without_a_checkpoint_it_goes_back_to_its_start_as_often_as_allowed(
  falling, prepared, leap, tmp_path
):
  leap(1, 1e30, times=3)
  message = r"update 2 is not finite after fallback 2 of 2; its batch is in .*npz; with a lower"
  for _ in range(2):  # the second one goes on from what the first one has left
    with pytest.raises(NonFinite, match=message):
      train(falling, tmp_path, prepared)
  home = Workdir(tmp_path)
  found = [(line["number"], line["update"], line["from"]) for line in of("fallback", home)]
  assert found == [(1, 0, 2), (2, 0, 2)]
  assert updates(home.checkpoints) == [0]
  falling.train.fallback.times = 3
  falling.train.updates = 3
  assert train(falling, tmp_path, prepared)[0] == 0
  assert of("train", home)[0]["learning_rate"] == pytest.approx(0.1 / 64)
  assert updates(home.checkpoints) == [0, 3]


def test_a_loss_far_above_the_lowest_has_run_away():
  progress, options = Progress(seed=1), ConfigDict({"ratio": 1.5})
  for loss in (4.0, 2.0, 2.9):
    progress.update += 5
    check(options, progress, loss, 5)
  progress.update = 20
  with pytest.raises(Diverged, match=r"updates 16 to 20 is 3.1, above 1.5 times .* before, 2") as e:
    check(options, progress, 3.1, 5)
  assert (e.value.update, e.value.good, progress.lowest) == (20, 15, 2.0)
  check(ConfigDict({"ratio": 0.0}), progress, 100.0, 5)
  progress.lowest = -1.0
  check(options, progress, 100.0, 5)
