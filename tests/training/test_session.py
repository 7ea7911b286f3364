"""What a run says before it starts, and that it starts on any devices."""

from collections import Counter

import jax
import numpy as np
import pytest

from experiments.benchmarks.speed import flops
from experiments.benchmarks.speed.sizes import Size
from nmt import models
from nmt.errors import UserError
from nmt.launching import flags
from nmt.training.session import Session
from nmt.workdir import Workdir


@pytest.fixture
def session(config, prepared, tmp_path):
  def make():
    home = Workdir(tmp_path / "run")
    home.make()
    return Session(config, home, prepared)

  return make


def test_the_opening_says_what_is_wasted(config, session):
  with (made := session()).checkpoints:
    assert "1 x cpu (7 more idle: see mesh.data and mesh.model), 96 pairs" in made.opening()
    assert "filler" not in made.opening()
  config.mesh.data = -1
  config.batch.size = 320
  with (made := session()).checkpoints:
    assert "8 x cpu, 96 pairs" in made.opening()
    assert made.opening().endswith("% padding (70% of the rows are filler: lower batch.size)")
  config.batch.tokens = 8000
  with (made := session()).checkpoints:
    assert made.opening().endswith("of the rows are filler: lower batch.tokens)")


@pytest.mark.parametrize(("data", "model"), [(8, 1), (3, 2)])
def test_a_token_budget_trains_and_validates_on_any_mesh(config, session, data, model):
  config.mesh.update(data=data, model=model)
  config.batch.tokens = 100
  made = session()
  with made.checkpoints:
    made.update([made.batches.at(0)])
    made.settle()
    scores = made.scores(lambda params: {})
    assert scores["perplexity"] > 1
    assert all(batch.source_BxJ.size <= 100 for batch in made.valid)


@pytest.mark.parametrize(
  ("tokens", "data", "said"),
  [
    (100, 3, True),
    pytest.param(100, 4, False, marks=pytest.mark.slow),
    pytest.param(0, 4, False, marks=pytest.mark.slow),
  ],
)
def test_batches_that_other_devices_cut_anew_are_said(config, session, tokens, data, said):
  config.batch.tokens = tokens
  with (made := session()).checkpoints:
    made.update([made.batches.at(0)])
    made.settle()
    made.checkpoints.save(made.state, made.progress)
  config.mesh.data = data
  with (made := session()).checkpoints:
    batches = [made.batches.at(position).index_B.tolist() for position in range(3)]
    assert ("sentences may repeat or be missed" in made.opening()) == said
    made.update([made.batches.at(1)])
    made.settle()
    made.checkpoints.save(made.state, made.progress)
  with (made := session()).checkpoints:  # the same devices once more
    assert "sentences may repeat" not in made.opening()
    assert [made.batches.at(position).index_B.tolist() for position in range(3)] == batches


def test_links_reach_the_objective_and_what_is_kept_of_a_bad_update(guided, linked, tmp_path):
  home = Workdir(tmp_path / "run")
  home.make()
  made = Session(guided, home, linked)
  with made.checkpoints:
    batch = made.batches.at(0)
    made.update([batch])
    made.settle()
    assert made.meter.line()[0]["alignment"] > 0
    assert made.scores(lambda params: {})["perplexity"] > 1
    kept = np.load(made.keep_bad(1))
    np.testing.assert_array_equal(kept["links"], batch.links_BxTxJ)
    np.testing.assert_array_equal(kept["target"], batch.target_BxT)


def test_a_run_with_frozen_parameters_goes_on_from_its_checkpoint(config, session):
  config.train.freeze = ("encoder.*",)
  with (made := session()).checkpoints:
    made.update([made.batches.at(0)])
    made.settle()
    made.checkpoints.save(made.state, made.progress)
    before = jax.device_get(made.state)
  with (again := session()).checkpoints:
    assert again.progress.update == 1
    jax.tree.map(np.testing.assert_array_equal, before, jax.device_get(again.state))
    again.update([again.batches.at(1)])
    again.settle()


def test_given_parameters_start_a_run_and_none_that_goes_on(config, prepared, tmp_path):
  config.train.ema = 0.9
  home = Workdir(tmp_path / "run")
  home.make()
  drawn = models.init(config.model, 24, 24, 7)
  with (made := Session(config, home, prepared, drawn)).checkpoints:
    for name in ("params", "average"):
      jax.tree.map(np.testing.assert_array_equal, made.state[name], drawn)
    made.progress.update = 1
    made.checkpoints.save(made.state, made.progress)
  other = jax.tree.map(np.zeros_like, drawn)
  with (again := Session(config, home, prepared, other)).checkpoints:
    jax.tree.map(np.testing.assert_array_equal, again.state["params"], drawn)


def test_what_an_objective_keeps_survives_a_stop(config, prepared, tmp_path):
  kinds = {"train.objective.kind": "reinforce", "model.attention.kind": "hard"}
  config, home = flags.override_by(config, kinds), Workdir(tmp_path / "run")
  home.make()
  with (made := Session(config, home, prepared)).checkpoints:
    made.update([made.batches.at(0)])
    made.settle()
    made.checkpoints.save(made.state, made.progress)
    before = jax.device_get(made.state)
  assert before["objective"]["weight"] > 0
  with (again := Session(config, home, prepared)).checkpoints:
    jax.tree.map(np.testing.assert_array_equal, before, jax.device_get(again.state))


def test_devices_that_a_batch_cannot_be_cut_over(config, session):
  config.mesh.data = 3
  with pytest.raises(UserError, match=r"batch\.size=16 can't be cut over 3 devices"):
    session()
  config.batch.tokens = 23
  with pytest.raises(UserError, match=r"batch\.tokens=23 has no room .* to 24 or more"):
    session()


@pytest.mark.parametrize("devices", [1, 4])
def test_the_cost_is_that_of_the_equations(config, session, devices):
  config.mesh.data = devices
  # A width at which products of all other things weigh little.
  config.model.update(size=64, embedding=64)
  config.model.readout.size = config.model.attention.size = 64
  with (made := session()).checkpoints:
    found = made.cost()
    parameters = made.state["params"]
    (shape, _), *_ = Counter(
      map(made.batches.shape, range(made.batches.epoch_size()))
    ).most_common()
  assert found["parameters"] == sum(x.size for x in jax.tree.leaves(parameters))
  assert found["device"] == ("cpu" if devices == 1 else "4 x cpu")
  size = Size("", 64, 64, 64, 24, 16, "adam", 1, 1, 1)
  _, J, T = shape
  wanted = float(flops.training(size, J, T)) / T
  assert wanted < found["flops_per_target_token"] < 1.35 * wanted
