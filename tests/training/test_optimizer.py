"""Schedules at their corners; what is decayed, clipped and averaged."""

import jax.numpy as jnp
import numpy as np
import pytest

from nmt.training.optimizer import average, batch_scale, clip_factor, learning_rate, optimizer


def rates(config, name, updates, **schedule):
  config.train.optimizer.learning_rate = 2.0
  config.train.schedule.update(name=name, **schedule)
  return [float(learning_rate(config.train, u)) for u in updates]


def test_schedules(config):
  config.train.updates = 110
  assert rates(config, "constant", [1, 5, 10, 99], warmup=10) == pytest.approx([0.2, 1, 2, 2])
  assert rates(config, "inverse_sqrt", [5, 10, 40], warmup=10) == pytest.approx([1, 2, 1])
  assert rates(config, "inverse_sqrt", [1, 4], warmup=0) == pytest.approx([2, 1])
  found = rates(config, "cosine", [5, 10, 60, 110], warmup=10, floor=0.1)
  assert found == pytest.approx([1, 2, 1.1, 0.2])


@pytest.mark.parametrize(
  ("name", "scale"), [("adadelta", 1), ("adam", 4), ("adamw", 4), ("sgd", 16)]
)
def test_rates_follow_the_batch(config, name, scale):
  config.batch.size, config.train.accumulate = 320, 4
  config.train.optimizer.name = name
  assert batch_scale(config) == 1
  config.train.optimizer.batch = 80
  assert batch_scale(config) == pytest.approx(scale)


@pytest.mark.parametrize("name", ["adadelta", "adam", "adamw", "sgd"])
def test_each_method_goes_downhill(config, name):
  config.train.optimizer.update(name=name, momentum=0.5 if name == "sgd" else 0.0)
  method = optimizer(config.train)
  params = {"w": jnp.array([[3.0, -4.0]])}
  state = method.init(params)
  for _ in range(3):
    steps, state = method.update({"w": 2 * params["w"]}, state, params)
    assert jnp.all(jnp.sign(steps["w"]) == jnp.sign(params["w"]))


def test_gradient_is_clipped_to_its_global_norm(config):
  config.train.clip = 2.0
  factors = [float(clip_factor(config.train, jnp.float32(norm))) for norm in (0, 1, 2, 5)]
  np.testing.assert_allclose(factors, [1, 1, 1, 0.4], rtol=1e-6)
  config.train.clip = 0.0
  assert clip_factor(config.train, jnp.float32(5)) == 1


def test_decay_spares_biases(config):
  config.train.optimizer.update(name="adamw", weight_decay=0.1)
  method = optimizer(config.train)
  params = {"W": jnp.ones((2, 2)), "b": jnp.ones(2)}
  zeros = {"W": jnp.zeros((2, 2)), "b": jnp.zeros(2)}
  steps, _ = method.update(zeros, method.init(params), params)
  np.testing.assert_allclose(steps["W"], 0.1, rtol=1e-6)
  assert not steps["b"].any()


def test_average_follows_closely_at_first():
  early = average(0.999, {"w": jnp.zeros(1)}, {"w": jnp.ones(1)}, 1)
  late = average(0.999, {"w": jnp.zeros(1)}, {"w": jnp.ones(1)}, 100_000)
  assert float(early["w"][0]) == pytest.approx(1 - 2 / 11)
  assert float(late["w"][0]) == pytest.approx(0.001, rel=1e-3)
