"""A training step and a search become programs for GPUs and TPUs, as far as a CPU can tell."""

import itertools

import jax
import jax.numpy as jnp
import pytest

from configs import base
from experiments.benchmarks import family
from nmt import loading, models
from nmt.data.words import Words
from nmt.decoding.hypotheses import forbidden
from nmt.decoding.translator import search
from nmt.launching import flags
from nmt.training import sharding, step
from nmt.training.objectives.base import Rows

V, B, J, T = 24, 8, 6, 7
PLATFORMS = ("cuda", "tpu")
KINDS = (
  {},
  {"attention.kind": "none", "order.state": "current"},
  {"order.kind": "conditional", "tie": True, "precision": "bfloat16"},
  {"cell.kind": "lstm", "order.kind": "update_first"},
  {"encoder.kind": "alternating", "normaliser.kind": "csparsemax", "cell.kind": "sru"},
  {"normaliser.kind": "entmax15", "cell.zoneout": 0.1},
)


@pytest.fixture(params=KINDS, ids=str)
def config(request):
  return configured({f"model.{key}": value for key, value in request.param.items()})


def configured(changes):
  config = base.get_config()
  config.model.update(size=8, embedding=8)
  config.model.attention.size = config.model.readout.size = 8
  config.model.dropout.update(embedding=0.1, state=0.1, readout=0.1)
  config.train.ema, config.train.objective.label_smoothing = 0.9, 0.1
  return flags.override_by(config, changes)


def lowered(function, *arguments, **static) -> str:
  """The StableHLO of a program for platforms that need not be there."""
  exported = jax.export.export(function, platforms=PLATFORMS)(*arguments, **static)
  assert exported.platforms == PLATFORMS
  return exported.mlir_module()


def lowered_step(config) -> str:
  program = step.build(config, V, V, sharding.build(config.mesh))
  shapes = ((B, J), jnp.int32), ((B, T), jnp.int32), ((B, T, J), jnp.int8)
  rows = Rows(*itertools.starmap(jax.ShapeDtypeStruct, shapes))
  return lowered(program.step, program.abstract, rows, 1.0, program.seed)


def lowered_search(config, beam) -> str:
  side = Words("en", [str(word) for word in range(V - 4)])
  made = loading.of(config, side, side, None)
  return lowered(
    search,
    models.shapes(config.model, V, V),
    jax.ShapeDtypeStruct((B, J), jnp.int32),
    jax.ShapeDtypeStruct((B,), jnp.int32),
    jax.ShapeDtypeStruct((), jnp.float32),
    encode=made.encode, step=made.step, size=beam, steps=T, forbid=forbidden(False), n_best=beam,
    alphas=True,
  )  # fmt: skip


@pytest.mark.parametrize("shape", [pytest.param((1, 1), marks=pytest.mark.slow), (4, 2)], ids=str)
def test_a_training_step_is_lowered(config, shape):
  config.mesh.update(data=shape[0], model=shape[1])
  text = lowered_step(config)
  assert text.count("stablehlo.while") >= 4  # encoder and decoder, there and back
  assert "callback" not in text  # nothing returns to the host


@pytest.mark.parametrize("beam", [1, 3])
def test_a_search_is_lowered(config, beam):
  text = lowered_search(config, beam)
  assert "stablehlo.while" in text
  assert "callback" not in text


@pytest.mark.slow
@pytest.mark.parametrize("choice", family.covering(1), ids=lambda choice: "-".join(choice.values()))
def test_every_kind_is_lowered(choice):
  config = family.config(choice)
  assert "callback" not in lowered_step(config)
  assert "callback" not in lowered_search(config, 3)
