"""Dropout keeps the mean, follows its keys, and does not see how a batch is cut."""

import re
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.core import jaxprs_in_params

from nmt import kinds
from nmt.models import init, rebuild
from nmt.models.dropout import Rates, dropout, split

KEYS = jax.random.split(jax.random.key(0), 64)


def test_the_mean_is_kept_and_the_rest_is_zero():
  dropped = dropout(KEYS, 0.3, jnp.ones((64, 10, 20)))
  np.testing.assert_allclose(dropped.mean(), 1, atol=0.02)
  np.testing.assert_allclose((dropped == 0).mean(), 0.3, atol=0.02)
  np.testing.assert_allclose(jnp.unique(dropped), [0, 1 / 0.7], rtol=1e-6)


def test_without_keys_or_rate_nothing_happens():
  x = jnp.arange(6.0).reshape(2, 3)
  assert dropout(None, 0.5, x) is x
  assert dropout(KEYS[:2], 0.0, x) is x
  assert split(None, 2) == [None, None]


def test_whole_words_are_dropped(small):
  rates = Rates.of(small(**{"dropout.word": 0.3}))
  dropped = rates.words(KEYS, jnp.ones((64, 30, 5)))
  assert (dropped == dropped[:, :, :1]).all()
  np.testing.assert_allclose((dropped[:, :, 0] == 0).mean(), 0.3, atol=0.04)
  both = Rates.of(small(**{"dropout.word": 0.3, "dropout.embedding": 0.3}))
  np.testing.assert_allclose((both.words(KEYS, jnp.ones((64, 30, 5))) == 0).mean(), 0.51, atol=0.03)
  assert rates.any()
  assert not Rates.of(small(**{"dropout.one_mask": True})).any()


def test_one_mask_is_the_same_at_all_positions_and_each_sentences_own(small):
  rates = Rates.of(small(**{"dropout.embedding": 0.3, "dropout.one_mask": True}))
  dropped = rates.words(KEYS, jnp.ones((64, 10, 20)))
  assert (dropped == dropped[:, :1]).all()
  assert (dropped != dropped[:1]).any()
  np.testing.assert_allclose((dropped == 0).mean(), 0.3, atol=0.03)


def test_every_use_of_a_key_gets_another_mask(small):
  one, two = split(KEYS, 2)
  x = jnp.ones((64, 50))
  assert not jnp.array_equal(dropout(one, 0.5, x), dropout(two, 0.5, x))
  words = Rates.of(small(**{"dropout.word": 0.5})).words(KEYS, x[:, :, None])[:, :, 0]
  for keys in (KEYS, one, two):
    assert not jnp.array_equal(words, dropout(keys, 0.5, x))


@pytest.mark.parametrize("kind", kinds.names("model.encoder"))
def test_every_encoder_drops_words_and_values_of_their_vectors(small, sizes, kind):
  rates = {"dropout.word": 0.5, "dropout.embedding": 0.5, "dropout.one_mask": True}
  config = small(**rates, **{"encoder.kind": kind})
  encoder = rebuild(config, *sizes, init(config, *sizes, seed=0)).encoder
  source = jnp.ones((4, 6), int)
  program = jax.make_jaxpr(lambda keys: encoder(source, source > 0, keys).h_BxJxD)(KEYS[:4])
  shapes = re.findall(r"random_bits\[[^]]*shape=\(([^)]*)\)", str(program))
  assert sorted(shapes) == [f"1, {config.embedding}", "6, 1"]


def test_a_batch_may_be_cut_anywhere():
  x = jnp.ones((64, 5, 3))
  np.testing.assert_array_equal(dropout(KEYS, 0.5, x)[:2], dropout(KEYS[:2], 0.5, x[:2]))


def features(config, sizes, params):
  def run(source, target, keys):
    return rebuild(config, *sizes, params).features(source, target, keys)[0]

  return run


@pytest.mark.parametrize(
  ("place", "masks"), [("word", 2), ("embedding", 2), ("state", 1), ("readout", 1)]
)
def test_masks_are_drawn_at_once_where_they_are_asked_for(small, sizes, place, masks):
  config = small(**{f"dropout.{place}": 0.5})
  source, target = jnp.ones((4, 6), int), jnp.ones((4, 7), int)
  run = features(config, sizes, init(config, *sizes, seed=0))
  program = jax.make_jaxpr(run)(source, target, KEYS[:4]).jaxpr
  assert str(program).count("random_bits") == masks
  scans = [equation for equation in program.eqns if " scan[" in str(equation)]
  assert len(scans) == 3
  assert "random_bits" not in str(scans)
  assert "random_bits" not in str(jax.make_jaxpr(run)(source, target, None))


BETWEEN = [
  {"cell.layers": 3},
  {"cell.layers": 2, "cell.kind": "lstm", "cell.residual": True, "order.kind": "conditional"},
  {
    **{"cell.layers": 3, "cell.kind": "rglru", "cell.residual": True, "cell.transitions": 1},
    **{"order.kind": "update_first", "order.input_feeding": False},
  },
  {"encoder.kind": "alternating", "encoder.layers": 3, "cell.residual": True},
]


@pytest.mark.parametrize("choice", BETWEEN)
def test_what_is_between_layers_is_dropped_and_nothing_else(
  small, weights, sizes, pairs, pad, oracle, monkeypatch, choice
):
  config = small(**choice, **{"dropout.layer": 0.2})
  kept = np.arange(config.size) % 3 > 0
  monkeypatch.setattr(
    "nmt.models.dropout.draw", lambda keys, rate, shape: jnp.full((len(keys), *shape), kept)
  )
  params = weights(config)
  with jax.enable_x64(True):
    source, target = (jnp.asarray(pad(side)) for side in zip(*pairs, strict=True))

    @partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
    def log_p(params, keys):
      model = rebuild(config, *sizes, params)
      both = [model.features(source, target, each).t for each in (keys, None)]
      return [jax.nn.log_softmax(model.logits(t)) for t in both]

    found, without = log_p(jax.tree.map(jnp.asarray, params), KEYS[: len(pairs)])
  for b, (x, y) in enumerate(pairs):
    for got, dropped in ((found, kept / 0.8), (without, None)):
      expected = oracle.read(params, x, y, **choice | {"dropout.layer": dropped})
      np.testing.assert_allclose(got[b, : len(y)], expected.log_p, rtol=1e-10)


def shapes_drawn(jaxpr):
  """Of each draw for a sentence, however deep in the program."""
  for equation in jaxpr.eqns:
    if equation.primitive.name == "random_bits":
      yield equation.params["shape"]
    for inner in jaxprs_in_params(equation.params):
      yield from shapes_drawn(inner)


@pytest.mark.parametrize(
  ("choice", "masks"), [({}, 3), ({"order.kind": "conditional"}, 4), (BETWEEN[2], 6)]
)
@pytest.mark.parametrize("one_mask", [False, True])
def test_masks_between_layers_are_drawn_outside_of_loops(small, sizes, choice, masks, one_mask):
  config = small(**{"cell.layers": 2, **choice}, **{"dropout.layer": 0.5})
  config.dropout.one_mask = one_mask
  source, target = jnp.ones((4, 5), int), jnp.ones((4, 7), int)
  run = features(config, sizes, init(config, *sizes, seed=0))
  program = jax.make_jaxpr(run)(source, target, KEYS[:4]).jaxpr
  drawn = [*shapes_drawn(program)]
  assert len(drawn) == masks
  assert {*drawn} == {(length, config.size) for length in ([1] if one_mask else [5, 7])}
  scans = [equation for equation in program.eqns if " scan[" in str(equation)]
  assert "random_bits" not in str(scans)


@pytest.mark.parametrize("choice", BETWEEN[1:3])
def test_each_step_has_a_mask_of_its_own(small, weights, sizes, pairs, pad, monkeypatch, choice):
  config = small(**choice, **{"dropout.layer": 0.2})
  params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), weights(config))
  source, target = (jnp.asarray(pad(side, 7)) for side in zip(*pairs, strict=True))

  def run(dropped):
    def draw(keys, rate, shape):
      kept = jnp.arange(shape[0]) != dropped
      return jnp.broadcast_to(kept[None, :, None], (len(keys), *shape))

    monkeypatch.setattr("nmt.models.dropout.draw", draw)
    model = rebuild(config, *sizes, params)
    memory, state = model.encode(source)
    return model.decoder.features(memory, state, target, KEYS[: len(pairs)]).t

  quick = jax.jit(run, compiler_options={"xla_backend_optimization_level": 0})
  whole, without = quick(-1), quick(3)
  differ = np.abs(whole - without).max(axis=(0, 2)) > 1e-4
  np.testing.assert_array_equal(differ, np.arange(7) >= 3)


def test_masks_belong_to_sentences(small, weights, sizes, pairs, pad):
  rates = {f"dropout.{place}": 0.5 for place in ("word", "embedding", "state", "readout", "layer")}
  config = small(**rates, **{"dropout.one_mask": True, "cell.layers": 2})
  params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), weights(config))
  source, target = (jnp.asarray(pad(side)) for side in zip(*pairs, strict=True))
  keys, run = KEYS[: len(pairs)], jax.jit(features(config, sizes, params))
  whole = run(source, target, keys)
  np.testing.assert_array_equal(whole, run(source, target, keys))
  moved = run(source[::-1], target[::-1], keys[::-1])
  np.testing.assert_allclose(whole, moved[::-1], rtol=1e-5, atol=1e-6)
  assert not np.allclose(whole, run(source, target, keys[::-1]))
