"""Devices asked for, batches that can't be cut, and how parameters are stored."""

import jax
import jax.numpy as jnp
import pytest
from jax.sharding import PartitionSpec

from nmt.errors import UserError
from nmt.training import sharding


def test_remaining_devices_share_the_batch(config):
  config.mesh.update(data=-1, model=2)
  assert dict(sharding.build(config.mesh).shape) == {"data": 4, "model": 2}


def test_too_many_devices(config):
  config.mesh.update(data=5, model=2)
  with pytest.raises(UserError, match=r"mesh.data=5 .* need 10 devices, but there are 8"):
    sharding.build(config.mesh)


def test_devices_idle_by_accident(config):
  config.mesh.update(data=-1, model=3)
  with pytest.raises(UserError, match=r"8 devices, so 2 would be idle: .* one of 1, 2, 4, 8, or"):
    sharding.build(config.mesh)
  config.mesh.data = 2
  assert sharding.build(config.mesh).size == 6
  assert sharding.divisor(sharding.build(config.mesh)) == 6


def test_large_parameters_and_what_follows_them_are_stored_in_pieces(config):
  config.mesh.update(data=4, model=2)
  params = {"decoder": {"E_y": jnp.ones((6, 3)), "b": jnp.ones(4), "U": jnp.ones((3, 5))}}
  tree = {"params": params, "optimizer": ({"nu": params}, jnp.int32(0))}
  found = sharding.shardings(sharding.build(config.mesh), tree)
  for stored in (found["params"], found["optimizer"][0]["nu"]):
    assert stored["decoder"]["E_y"].spec == PartitionSpec("model", None)
    assert stored["decoder"]["U"].spec == PartitionSpec()  # 5 columns can't be halved
    assert stored["decoder"]["b"].spec == PartitionSpec()
  assert jax.tree.structure(found) == jax.tree.structure(tree)


def test_what_all_devices_share_is_cut_by_an_axis_that_they_divide(config):
  config.mesh.update(data=4, model=2)
  params = {"U": jnp.ones((3, 16)), "W_o": jnp.ones((8, 4)), "b": jnp.ones(6)}
  tree = {"params": params, "optimizer": {"nu": params}, "average": params}
  found = sharding.shardings(sharding.build(config.mesh), tree, shared=True)
  for stored in (found["optimizer"]["nu"], found["average"]):
    assert stored["U"].spec == PartitionSpec(None, sharding.AXES)
    assert stored["W_o"].spec == PartitionSpec(sharding.AXES)
    assert stored["b"].spec == PartitionSpec()
  assert found["params"]["W_o"].spec == PartitionSpec("model", None)
