"""What counts as best, when patience ends, and how the plateau cuts the rate."""

import json

import pytest

from nmt.training.progress import Progress


def feed(config, values):
  progress = Progress(seed=1)
  found = []
  for value in values:
    progress.update += config.valid.every
    found.append(progress.judge(config, {config.valid.metric: value}))
  return progress, found


@pytest.mark.parametrize(
  ("metric", "values"), [("bleu", [1, 3, 2, 3, 4]), ("perplexity", [9, 5, 6, 5, 4])]
)
def test_best_is_strictly_better(config, metric, values):
  config.valid.update(metric=metric, every=10)
  progress, found = feed(config, values)
  assert found == [True, True, False, False, True]
  assert (progress.best, progress.best_update, progress.stale) == (4, 50, 0)


def test_nan_is_never_best(config):
  assert feed(config, [float("nan"), 1.0, float("nan")])[1] == [False, True, False]


def test_patience(config):
  config.valid.patience = 2
  assert not feed(config, [3, 2])[0].over(config)
  assert "no better bleu in 2 validations" in feed(config, [3, 2, 1])[0].over(config)
  config.valid.patience = 0
  assert not feed(config, [3, 2, 1, 1, 1])[0].over(config)


def test_plateau(config):
  config.train.schedule.update(name="plateau", factor=0.5, patience=2, floor=0.2)
  scales = [feed(config, [5, *[1] * n])[0].scale for n in range(9)]
  assert scales == [1, 1, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2, 0.2]
  assert feed(config, [5, 1, 6, 1])[0].scale == 1


def test_the_last_update_is_validated_before_the_end(config):
  config.train.updates = 7
  config.valid.every = 5
  progress = Progress(seed=1, update=7, validated=5)
  assert progress.due(config)
  assert not progress.over(config)
  progress.judge(config, {"bleu": 1.0})
  assert "7 updates" in progress.over(config)


def test_json_keeps_every_bit():
  progress = Progress(seed=1, best=1 / 3, meter={"loss": 0.1 + 0.2})
  assert Progress.of(json.loads(json.dumps(progress.as_dict()))) == progress
