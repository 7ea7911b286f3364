"""A training step and a search become programs for GPUs and TPUs, as far as a CPU can tell."""

import types

import jax
import jax.numpy as jnp
import pytest

from configs import base
from nmt import models, run
from nmt.decoding.hypotheses import forbidden
from nmt.decoding.translator import search
from nmt.launching import flags
from nmt.training import sharding, step

V, B, J, T = 24, 8, 6, 7
PLATFORMS = ("cuda", "tpu")
KINDS = (
  {},
  {"attention.kind": "none", "order.state": "current"},
  {"order.kind": "conditional", "tie": True, "precision": "bfloat16"},
  {"cell.kind": "lstm", "order.kind": "update_first"},
)


@pytest.fixture(params=KINDS, ids=str)
def config(request):
  config = base.get_config()
  config.model.update(size=8, embedding=8)
  config.model.attention.size = config.model.readout.size = 8
  config.model.dropout.update(embedding=0.1, state=0.1, readout=0.1)
  config.train.ema, config.train.objective.label_smoothing = 0.9, 0.1
  return flags.override_by(config, {f"model.{key}": value for key, value in request.param.items()})


def lowered(function, platform, *arguments, **static) -> str:
  """The StableHLO of a program for a platform that need not be there."""
  exported = jax.export.export(function, platforms=[platform])(*arguments, **static)
  assert exported.platforms == (platform,)
  return exported.mlir_module()


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("shape", [(1, 1), (4, 2)], ids=str)
def test_a_training_step_is_lowered(config, platform, shape):
  config.mesh.update(data=shape[0], model=shape[1])
  program = step.build(config, V, V, sharding.build(config.mesh))
  rows = jax.ShapeDtypeStruct((B, J), jnp.int32), jax.ShapeDtypeStruct((B, T), jnp.int32)
  text = lowered(program.step, platform, program.abstract, rows, 1.0)
  assert text.count("stablehlo.while") >= 4  # encoder and decoder, there and back
  assert "callback" not in text  # nothing returns to the host


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("beam", [1, 3])
def test_a_search_is_lowered(config, platform, beam):
  side = types.SimpleNamespace(size=V)
  made = run.of(config, side, side, None)
  text = lowered(
    search, platform,
    models.shapes(config.model, V, V),
    jax.ShapeDtypeStruct((B, J), jnp.int32),
    jax.ShapeDtypeStruct((B,), jnp.int32),
    jax.ShapeDtypeStruct((), jnp.float32),
    start=made.start, step=made.step, size=beam, steps=T, forbid=forbidden(False), n_best=beam,
    alphas=True,
  )  # fmt: skip
  assert "stablehlo.while" in text
  assert "callback" not in text
