"""One update is the same on any mesh and in any number of parts, and nobody waits inside a loop."""

import copy
import dataclasses
import functools
import re

import jax
import numpy as np
import pytest

from nmt import models
from nmt.errors import UserError
from nmt.launching import flags
from nmt.training import sharding, step
from nmt.training.objectives.base import Rows

VOCABULARY = 24


@pytest.fixture
def noisy(config):
  """Everything on that could depend on how a batch is cut."""
  config.model.dropout.readout = 0.2
  config.train.ema = 0.9
  config.train.objective.label_smoothing = 0.1
  config.train.optimizer.name = "sgd"
  return config


def build(config, data=1, model=1):
  config.mesh.update(data=data, model=model)
  mesh = sharding.build(config.mesh)
  return step.build(config, VOCABULARY, VOCABULARY, mesh), mesh


def place(mesh, *batches):
  put = functools.partial(sharding.place, mesh)
  return [Rows(*jax.tree.map(put, (b.source_BxJ, b.target_BxT, b.links_BxTxJ))) for b in batches]


def run(program, mesh, state, *batches, scale=1.0):
  """The state and the results of one update, on the host; the state given stays alive."""

  def put(x, like):
    return jax.device_put(np.array(x), like.sharding)

  state = jax.tree.map(put, state, program.abstract)
  return jax.device_get(program.update(state, place(mesh, *batches), scale))


def close(a, b):
  jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=2e-4, atol=1e-6), a, b)


def test_any_mesh_gives_the_same_update(noisy, batch):
  program, mesh = build(noisy)
  start = jax.device_get(program.create())
  expected = run(program, mesh, start, batch)
  assert expected[1]["gradient_norm"] > 0.01
  for shape in ((8, 1), (4, 2)):
    program, mesh = build(noisy, *shape)
    close(expected, run(program, mesh, start, batch))
    text = program.trace(place(mesh, batch)[0]).lower().compile().as_text()
    inside = loops(text)
    assert len(inside) > 3
    assert COLLECTIVE.search(text)
    assert not any(COLLECTIVE.search(body) for body in inside)


def test_whatever_types_jax_prefers_an_update_is_of_float32(noisy, batch):
  with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
    program, mesh = build(noisy)
    after, results = run(program, mesh, jax.device_get(program.create()), batch)
  assert {leaf.dtype for leaf in jax.tree.leaves(after["params"])} == {np.dtype("float32")}
  assert np.isfinite(results["loss"])


def test_runs_of_other_seeds_have_the_same_program_and_other_draws(noisy, batch):
  texts, norms = set(), set()
  start = jax.device_get(build(noisy)[0].create())
  for seed in (1, 2):
    noisy.seed = seed
    program, mesh = build(noisy)
    texts.add(program.trace(place(mesh, batch)[0]).lower().as_text())
    norms.add(float(run(program, mesh, start, batch)[1]["gradient_norm"]))
  assert len(texts) == 1
  assert len(norms) == 2  # dropout differs


def test_an_optimizer_that_all_devices_share_makes_the_same_update(noisy, batch):
  noisy.train.optimizer.momentum = 0.9
  program, mesh = build(noisy)
  start = jax.device_get(program.create())
  expected = run(program, mesh, start, batch)
  noisy.mesh.optimizer = True
  program, mesh = build(noisy, 4, 2)
  close(expected, run(program, mesh, start, batch))
  for name in ("optimizer", "average"):
    leaves = jax.tree.leaves(program.abstract[name])
    kept = sum(np.prod(x.sharding.shard_shape(x.shape)) for x in leaves)
    assert kept < 1.1 * sum(x.size for x in leaves) / 8


COLLECTIVE = re.compile(
  r"\b(all-reduce|all-gather|all-to-all|reduce-scatter|collective-\w+)(-start)?\("
)


def loops(program: str) -> list[str]:
  """The text of each computation that a while loop runs, those it calls included."""
  parts = re.split(r"\n(?=(?:ENTRY )?%?[\w.-]+ \()", program)
  by_name = {re.match(r"(?:ENTRY )?%?([\w.-]+)", part).group(1): part for part in parts}
  wanted = re.findall(r"(?:body|condition)=%?([\w.-]+)", program)
  seen = {}
  while wanted:
    name = wanted.pop()
    if name in by_name and name not in seen:
      seen[name] = by_name[name]
      wanted += re.findall(r"%([\w.-]+)", by_name[name].split("\n", 1)[-1])
  return list(seen.values())


def test_a_collective_in_a_loop_would_be_found():
  def add_up(x):
    return jax.lax.fori_loop(0, 3, lambda _, y: jax.lax.psum(y, "data") / 2, x)

  mesh = jax.make_mesh((8,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
  spec = jax.sharding.PartitionSpec("data")
  program = jax.jit(
    jax.shard_map(add_up, mesh=mesh, in_specs=spec, out_specs=spec, check_vma=False)
  )
  text = program.lower(np.ones(8, np.float32)).compile().as_text()
  assert any(COLLECTIVE.search(body) for body in loops(text))


def test_batches_of_an_update_are_one_large_batch(noisy, batch):
  # Halves with unlike token counts, so that a mean of means would show; dropout's keys go on.
  counts = (batch.target_BxT > 0).sum(axis=1)
  order = np.argsort(counts)
  halves = [pick(batch, order[:8]), pick(batch, order[8:])]
  assert counts[order[:8]].sum() * 2 < counts[order[8:]].sum()
  program, mesh = build(noisy)
  start = jax.device_get(program.create())
  whole = run(program, mesh, start, pick(batch, order))
  close(whole, run(program, mesh, start, *halves))
  assert whole[1]["loss"] != run(program, mesh, start, *halves[::-1])[1]["loss"]


def pick(batch, rows):
  return type(batch)(*(x if x is None else x[rows] for x in vars(batch).values()))


def test_frozen_parameters_stay_to_the_bit_and_have_no_optimizer_state(noisy, batch):
  noisy.train.freeze = ("encoder.forward.*", "*.b_o", "decoder.E_y")
  noisy.train.optimizer.update(name="adamw", weight_decay=0.1, learning_rate=0.1)
  noisy.train.clip = 1e9
  free = copy.deepcopy(noisy)
  free.train.freeze = ()
  moved, norms = {}, {}
  for name, config in (("some", noisy), ("none", free)):
    program, mesh = build(config)
    start = jax.device_get(program.create())
    start["params"] = jax.tree.map(lambda x: x + np.float32(0.1), start["params"])
    start["average"] = start["params"]
    after, results = run(program, mesh, start, batch)
    norms[name] = results["gradient_norm"]
    for part in ("params", "average"):
      ends = models.flat(after[part])
      moved[name, part] = {
        key for key, x in models.flat(start[part]).items() if not np.array_equal(x, ends[key])
      }
    kept = {jax.tree_util.keystr(path) for path, _ in jax.tree.leaves_with_path(after["optimizer"])}
    assert any("E_y" in path for path in kept) == (name == "none")
    assert any("backward" in path for path in kept)
  still = moved["none", "params"] - moved["some", "params"]
  assert {key.rpartition(".")[2] for key in still} == {"E_y", "W", "U_zr", "U", "b", "b_o"}
  assert all(key in ("decoder.E_y", "decoder.readout.b_o") or "forward" in key for key in still)
  assert moved["some", "average"] == moved["some", "params"]
  assert norms["some"] < norms["none"]


@pytest.mark.parametrize(
  ("freeze", "line"),
  [
    (("encoder.E_z",), r"no parameter is called encoder\.E_z .* did you mean encoder\.E_x"),
    (("*",), r"train\.freeze=\* leaves no parameter to train"),
  ],
)
def test_freezing_what_is_not_there_or_everything_is_refused(config, freeze, line):
  config.train.freeze = freeze
  with pytest.raises(UserError, match=line):
    build(config)


@pytest.mark.parametrize("kind", ["guided", pytest.param("scheduled", marks=pytest.mark.slow)])
def test_what_an_objective_asks_for_is_cut_with_the_rows(config, batch, kind):
  config = flags.override_by(config, {"train.objective.kind": kind, "train.optimizer.name": "sgd"})
  shape = (16, 8, 8)
  links = np.random.default_rng(0).integers(0, 2, shape, np.int8)
  links = (links * (batch.target_BxT > 0)[:, :, None] * (batch.source_BxJ > 0)[:, None]).astype(
    np.int8
  )
  batch = dataclasses.replace(batch, links_BxTxJ=links if kind == "guided" else None)
  program, mesh = build(config)
  start = jax.device_get(program.create())
  start["update"] = np.int32(100_000)  # all words are the model's own
  whole = run(program, mesh, start, batch)
  assert whole[1]["alignment" if kind == "guided" else "own_words"] > 1
  close(whole, run(program, mesh, start, pick(batch, slice(8)), pick(batch, slice(8, 16))))
  program, mesh = build(config, 4, 2)
  close(whole, run(program, mesh, start, batch))


def test_dropout_is_new_in_each_update_and_scale_is_of_the_learning_rate(noisy, batch):
  program, mesh = build(noisy)
  start = jax.device_get(program.create())
  whole, half, later = (
    run(program, mesh, start | {"update": np.int32(update)}, batch, scale=scale)
    for update, scale in ((0, 1.0), (0, 0.5), (1, 1.0))
  )
  assert later[1]["loss"] != whole[1]["loss"]
  assert half[1]["learning_rate"] == whole[1]["learning_rate"] / 2
  moved = [
    jax.tree.map(lambda a, b: a - b, end["params"], start["params"]) for end, _ in (whole, half)
  ]
  close(moved[0], jax.tree.map(lambda x: 2 * x, moved[1]))


def test_state_stays_as_before_what_is_not_finite(noisy, batch):
  program, mesh = build(noisy)
  start = jax.tree.map(np.array, jax.device_get(program.create()))
  start["params"]["decoder"]["b_s"][:] = np.nan
  after, results = run(program, mesh, start, batch)
  assert not results["finite"]
  jax.tree.map(np.testing.assert_array_equal, after, start | {"finite": np.bool_(False)})

  healed = jax.tree.map(np.nan_to_num, after)
  again, results = run(program, mesh, healed, batch)
  assert np.isfinite(results["loss"])
  jax.tree.map(np.testing.assert_array_equal, again, healed)


def test_a_clipped_update_is_as_long_as_the_clip(noisy, batch):
  noisy.train.optimizer.update(name="sgd", learning_rate=1.0)
  noisy.train.update(clip=1e-3, ema=0.0)
  program, mesh = build(noisy)
  start = jax.device_get(program.create())
  after, results = run(program, mesh, start, batch)
  assert results["gradient_norm"] > 0.01
  moved = jax.tree.map(lambda a, b: ((a - b) ** 2).sum(), after["params"], start["params"])
  np.testing.assert_allclose(sum(jax.tree.leaves(moved)) ** 0.5, 1e-3, rtol=1e-2)
