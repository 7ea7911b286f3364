"""What every objective must hold, whichever file it lives in, and what REINFORCE estimates."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs.base import get_config
from nmt import kinds, models
from nmt.launching import flags
from nmt.training.objectives.base import Rows

V = 12
LINKS = np.zeros((3, 3, 4), np.int8)  # of three pairs; the first has a word with two, one with none
LINKS[0, 0, [0, 2]] = LINKS[0, 2, 1] = LINKS[1, 0, 0] = 1
ROWS = Rows(
  jnp.array([[4, 5, 6, 2], [7, 2, 0, 0], [2, 0, 0, 0]], jnp.int32),
  jnp.array([[8, 9, 2], [5, 2, 0], [0, 0, 0]], jnp.int32),
  jnp.asarray(LINKS),
)
KEYS = jax.random.split(jax.random.key(3), 3)
MECHANISMS = {
  "guided": "additive",
  "likelihood": "additive_coverage",
  "reinforce": "hard",
  "risk": "additive_coverage",
  "scheduled": "additive_coverage",
  "variational": "latent",
}


def built(kind, **changes):
  """An objective, a small model for it, and its parameters."""
  config = get_config()
  config.model.update(size=5, embedding=4, init="glorot")
  given = {"train.objective.kind": kind, "model.attention.kind": MECHANISMS[kind]}
  given |= {"model.attention.size": 6, "model.readout.size": 3}
  given |= {"train.objective.samples": 5} if kind == "risk" else {}
  given |= {"model.attention.inference": True} if kind == "variational" else {}
  config = flags.override_by(config, given | changes)
  objective = kinds.find("train.objective", kind).Objective(config.train)
  return objective, config.model, models.init(config.model, V, V, seed=1)


def sums(objective, model, params, rows, keys, kept):
  return objective.sums(models.rebuild(model, V, V, params), rows, keys, kept)


@pytest.fixture(params=kinds.names("train.objective"))
def made(request):
  assert set(MECHANISMS) == set(kinds.names("train.objective"))
  return built(request.param)


def test_padding_weighs_nothing_and_sums_add_up(made):
  objective, model, params = made
  kept = {"updates": jnp.int32(1), **jax.tree.map(lambda x: x + 1, objective.begin())}

  @jax.jit
  def run(params, rows, keys):
    return sums(objective, model, params, rows, keys, kept)

  whole, found = run(params, ROWS, KEYS)
  assert found["tokens"] == 5
  np.testing.assert_allclose(whole, found["loss"])
  padded = Rows(*(np.pad(x, [(0, 0), (0, 3), (0, 3)][: x.ndim]) for x in ROWS))
  longer, _ = run(params, padded, KEYS)
  parts = [run(params, Rows(*(x[i : i + 1] for x in ROWS)), KEYS[i : i + 1])[1] for i in range(3)]
  np.testing.assert_allclose(whole, longer, rtol=1e-5)
  for name, value in found.items():
    np.testing.assert_allclose(value, sum(part[name] for part in parts), rtol=1e-5, atol=1e-6)
  assert parts[2]["loss"] == 0


def test_gradients_are_finite_and_reach_every_parameter(made):
  objective, model, params = made
  params = jax.tree.map(lambda x: x + 0.1, params)  # v_a begins at 0 in some initialisations
  kept = {"updates": jnp.int32(1), **jax.tree.map(lambda x: x + 1, objective.begin())}
  gradients = jax.jit(jax.grad(lambda params: sums(objective, model, params, ROWS, KEYS, kept)[0]))(
    params
  )
  for name, gradient in models.flat(gradients).items():
    assert np.isfinite(gradient).all(), name
    assert np.abs(gradient).max() > 0, name


def test_a_loss_of_the_mechanism_is_added_to_the_likelihood(monkeypatch):
  objective, model, params = built("likelihood")
  module = models.rebuild(model, V, V, params)
  features = module.features(*ROWS[:2])._replace(
    losses={"one": jnp.asarray(ROWS.target > 0, "float32")}
  )
  monkeypatch.setattr(models.Translation, "features", lambda *inputs: features)
  loss, found = objective.sums(module, ROWS, None, {})
  assert found["one"] == found["tokens"]
  np.testing.assert_allclose(loss, found["nll"] + found["one"], rtol=1e-6)


def test_the_coverage_loss_is_what_is_looked_at_again():
  options = {"model.attention.kind": "additive", "train.objective.coverage": 2.0}
  objective, model, params = built("likelihood", **options)
  loss, found = sums(objective, model, params, ROWS, None, {})
  alpha = np.asarray(models.rebuild(model, V, V, params).features(*ROWS[:2]).alpha)
  again = 0.0
  for b, i in np.argwhere(ROWS.target > 0):
    again += sum(min(a, k) for a, k in zip(alpha[b, i], alpha[b, :i].sum(axis=0), strict=True))
  assert again > 0
  np.testing.assert_allclose(found["coverage"], 2 * again, rtol=1e-5)
  np.testing.assert_allclose(loss, found["nll"] + found["coverage"], rtol=1e-6)


def test_reinforce_is_the_gradient_of_the_expected_log_likelihood():
  """Many draws have the mean sum_a p(a) (grad log p(y|a) + (log p(y|a) - b) grad log p(a))."""
  options = {"model.attention.expected": 0.0, "model.attention.entropy": 0.0}
  objective, model, params = built("reinforce", **options)
  source, target = jnp.array([[4, 5, 2]], jnp.int32), jnp.array([[6, 2]], jnp.int32)
  kept = {"reward": jnp.float32(-3.0), "weight": jnp.float32(0.5)}  # a baseline of -6

  def bound(params):
    """-E log p(y | a, x) with b: by all 9 ways in which two steps can look at three words."""
    total = 0.0
    module = models.rebuild(model, V, V, params)
    for a in range(3):
      for b in range(3):
        log_p, log_a = forced(module, (a, b))
        surprise = jax.lax.stop_gradient(jnp.exp(log_a)) * (
          log_p + jax.lax.stop_gradient(log_p + 6.0) * log_a
        )
        total -= surprise
    return total

  def forced(module, path):
    memory, state = module.encode(source)
    log_p = log_a = 0.0
    decoder, hard = module.decoder, module.decoder.attention
    for i, (y, previous) in enumerate(((6, 1), (2, 6))):

      def look(s, memory, carry, i=i):
        glance = hard.attend(s, memory, carry, None)
        alpha = hard.energy.attend(s, memory["energy"], carry["energy"], None).alpha_BxJ
        return glance._replace(weights=jnp.eye(3)[path[i]][None], drawn=jnp.log(alpha[:, path[i]]))

      words = decoder.E_y[...][jnp.asarray([previous])]
      state, (s, glance) = decoder.looking(memory, state, decoder.project(words), look)
      c = hard.read(glance.weights, memory["readout"], decoder.readout.C_o[...])
      t = decoder.readout(s, decoder.readout.project(words), c)
      log_p += jax.nn.log_softmax(module.logits(t))[0, y]
      log_a += glance.drawn[0]
    return log_p, log_a

  exact = jax.jit(jax.grad(bound))(params)
  count = 20_000
  many = Rows(*(jnp.repeat(side, count, axis=0) for side in (source, target)))
  keys = jax.random.split(jax.random.key(0), count)
  found = jax.jit(jax.grad(lambda p: sums(objective, model, p, many, keys, kept)[0] / count))(
    params
  )
  for (name, one), other in zip(
    models.flat(exact).items(), models.flat(found).values(), strict=True
  ):
    scale = max(float(np.abs(one).max()), 1e-2)
    assert float(np.abs(one - other).max()) < 0.05 * scale + 0.02, name


def test_the_baseline_is_the_mean_of_what_came_before():
  objective, *_ = built("reinforce")
  kept = objective.begin()
  for reward in (-20.0, -10.0):
    kept = objective.keep(kept, {"nll": jnp.float32(-reward), "sentences": jnp.int32(2)})
  expected = (0.9 * -10 + -5) / 1.9
  np.testing.assert_allclose(kept["reward"] / kept["weight"], expected, rtol=1e-6)
