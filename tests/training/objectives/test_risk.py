"""The risk against the oracle and sacreBLEU, its gradient, and what is drawn."""

import importlib.util
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt import kinds
from nmt.launching import flags
from nmt.models import rebuild
from nmt.training.objectives import risk
from nmt.training.objectives.base import Rows

_PATH = Path(__file__).parents[1] / "test_sentence_bleu.py"
_spec = importlib.util.spec_from_file_location("test_sentence_bleu", _PATH)
sentence_bleu = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sentence_bleu)


@pytest.fixture
def made(config):
  """made(**keys) is the objective `risk`."""

  def make(**changes):
    given = {"samples": 6} | changes
    given = {f"train.objective.{key}": value for key, value in given.items()}
    found = kinds.find("train.objective", "risk")
    return found.Objective(
      flags.override_by(config, {"train.objective.kind": "risk"} | given).train
    )

  return make


def test_value_and_gradient_are_those_of_the_article(
  made, small, weights, sizes, pairs, pad, oracle
):
  model, alpha = small(), 0.3
  params, objective = weights(model), made(sharpness=alpha)
  keys = jax.random.split(jax.random.key(2), len(pairs))
  with jax.enable_x64(True):
    rows = Rows(*(jnp.asarray(pad(side)) for side in zip(*pairs, strict=True)))

    def loss(params):
      module = rebuild(model, *sizes, params)
      total, found = objective.sums(module, rows, keys, {})
      drawn = risk.candidates(module, rows, risk.split(keys, 3)[2], objective.train.objective)
      return total, (found, drawn)

    given = jax.tree.map(jnp.asarray, params)
    gradients, (found, drawn) = jax.jit(jax.grad(loss, has_aux=True))(given)

  chosen = [{tuple(ids[ids > 0].tolist()) for ids in np.asarray(row)} for row in drawn]
  assert 1 < min(map(len, chosen[:2])) <= max(map(len, chosen)) <= 7
  assert sum(map(len, chosen)) < 7 * len(pairs)  # some were drawn twice
  bleu = [
    {ids: sentence_bleu.of(ids[:-1], y[:-1]) if ids[:-1] else 0.0 for ids in row}
    for row, (_, y) in zip(chosen, pairs, strict=True)
  ]

  def cost(params):
    total = 0.0
    for (x, _), known in zip(pairs, bleu, strict=True):
      log_p = {y: oracle.read(params, x, y).log_p[np.arange(len(y)), y].sum() for y in known}
      P = {y: np.exp(alpha * value) for y, value in log_p.items()}
      total += sum(P[y] / sum(P.values()) * (1 - known[y]) for y in known)
    return total

  np.testing.assert_allclose(found["risk"], cost(params), rtol=1e-5)
  np.testing.assert_allclose(found["loss"], found["risk"])
  nll = -sum(oracle.read(params, x, y).log_p[np.arange(len(y)), y].sum() for x, y in pairs)
  np.testing.assert_allclose(found["nll"], nll, rtol=1e-5)
  assert found["tokens"] == sum(len(y) for _, y in pairs)
  oracle.check_slopes(cost, params, gradients, step=1e-5, tolerance=1e-4)


def test_what_is_drawn(made, small, weights, sizes, oracle):
  model = small()
  exact = weights(model)
  module = rebuild(model, *sizes, jax.tree.map(jnp.float32, exact))
  x, y = [4, 5, 2], [6, 7, 8, 2]
  rows = Rows(jnp.asarray([x], jnp.int32), jnp.asarray([[*y, 0, 0]], jnp.int32))
  options = made(samples=4000, longest=1.5).train.objective
  keys = jax.random.split(jax.random.key(0), 1)
  drawn = np.asarray(jax.jit(lambda: risk.candidates(module, rows, keys, options))())[0]
  assert drawn.shape == (4001, 9)
  assert drawn[0].tolist() == [*y, 0, 0, 0, 0, 0]
  ends = (drawn == 2).argmax(axis=1)
  assert (drawn[np.arange(4001), ends] == 2).all()
  assert ends.max() == 5  # a translation of six, 1.5 times the target's four
  assert ((drawn == 0) == (np.arange(9)[None] > ends[:, None])).all()
  assert not (drawn == 1).any()
  first = np.exp(oracle.read(exact, x, y).log_p[0])
  first[:2] = 0
  found = np.bincount(drawn[1:, 0], minlength=len(first)) / 4000
  np.testing.assert_allclose(found, first / first.sum(), atol=0.03)


def test_each_translation_counts_once():
  ids = jnp.array([[[4, 2, 0], [5, 2, 0], [4, 2, 0], [4, 4, 2], [5, 2, 0]]])
  assert risk.first_of_its_kind(ids).tolist() == [[True, True, False, True, False]]


def test_logits_may_be_made_in_any_number_of_parts(small, weights, sizes, monkeypatch):
  model = small()
  module = rebuild(model, *sizes, jax.tree.map(jnp.float32, weights(model)))
  random = np.random.default_rng(0)
  t = jnp.asarray(random.normal(size=(5, 7, 4)), jnp.float32)
  y = jnp.asarray(random.integers(0, 13, (5, 7)), jnp.int32)
  whole = risk.words(module, t, y)
  monkeypatch.setattr(risk, "_POSITIONS", 8)
  for one, other in zip(whole, risk.words(module, t, y), strict=True):
    np.testing.assert_allclose(one, other, rtol=1e-6)
