"""The kernel of a recurrence compiles for a TPU, as far as that can be told without one."""

import jax
import jax.numpy as jnp
import pytest
from jax.sharding import AbstractDevice, AbstractMesh

from nmt import models
from nmt.models.attention import kinds
from nmt.training.loss import loss_sums

CHIP = AbstractDevice(device_kind="TPU v5e", platform="tpu", num_cores=1)


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_tpu_takes_the_gradient_of_the_loss(small, sizes, kind, precision):
  config = small(**{"attention.kind": kind, "precision": precision, "loop": "kernel"})

  def loss(params, source, target):
    return loss_sums(models.rebuild(config, *sizes, params), source, target)[0]

  ids = jax.ShapeDtypeStruct((16, 8), jnp.int32)
  with jax.sharding.use_abstract_mesh(AbstractMesh((), (), abstract_device=CHIP)):
    gradient = jax.export.export(jax.jit(jax.grad(loss)), platforms=["tpu"])
    program = gradient(models.shapes(config, *sizes), ids, ids).mlir_module()
  assert program.count("tpu_custom_call") == 6  # three recurrences, there and back
