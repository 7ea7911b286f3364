"""Each pair of kinds may be had and works, or is refused before anything runs."""

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest

from configs import base
from experiments.benchmarks import family
from nmt import kinds, loading, models
from nmt.data.ids import EOS
from nmt.data.words import Words
from nmt.decoding.hypotheses import forbidden
from nmt.decoding.translator import search
from nmt.errors import UserError
from nmt.launching import flags
from nmt.training import sharding, step
from nmt.training.objectives.base import Rows

V, B, J, T = 9, 2, 3, 4
ROWS = Rows(
  jax.ShapeDtypeStruct((B, J), jnp.int32),
  jax.ShapeDtypeStruct((B, T), jnp.int32),
  jax.ShapeDtypeStruct((B, T, J), jnp.int8),
)
KEYS = jax.eval_shape(lambda: jax.random.split(jax.random.key(0), B))


# All else may be had together.
MOVING = (
  "local_m",
  "local_p",
  "location",
  "monotonic",
  "stepwise",
  "mocha",
  "forward",
  "structured",
)
REFUSED = [
  *(
    {"model.encoder.kind": x, "model.attention.kind": "none"}
    for x in ("embeddings", "convolutional")
  ),
  *({"model.attention.kind": x, "model.normaliser.kind": "csparsemax"} for x in MOVING),
  *({"model.attention.kind": x, "train.objective.kind": "guided"} for x in ("mean", "none")),
  *(
    {"model.attention.kind": attention, "train.objective.kind": objective}
    for attention in kinds.names("model.attention")
    for objective in kinds.names("train.objective")
    if (attention == "hard") != (objective == "reinforce")
    or (objective == "variational" and attention != "latent")
  ),
]


@pytest.fixture
def untyped():
  """Types of arrays are not checked within: of each kind they are where it trains."""
  jaxtyping.config.update("jaxtyping_disable", True)
  yield
  jaxtyping.config.update("jaxtyping_disable", False)


def name(choice):
  return "-".join(choice.values())


def test_these_pairs_are_refused_by_name_and_no_others():
  assert [pair for pair in family.pairs() if not family.fits(pair)] == [
    pair for pair in family.pairs() if pair in REFUSED
  ]
  for pair in REFUSED:
    with pytest.raises(UserError, match=" can't be had with ") as caught:
      flags.override_by(base.get_config(), pair)
    for key, kind in pair.items():
      assert f"{key}={kind}" in str(caught.value)


def test_few_models_have_all_pairs_that_may_be_had():
  found = family.covering()
  assert len(found) < 1.1 * len(kinds.names("model.attention")) * len(kinds.names("model.cell"))
  for pair in family.pairs():
    assert any(pair.items() <= choice.items() for choice in found) == family.fits(pair)
  for group in kinds.PACKAGES:
    assert {choice[f"{group}.kind"] for choice in family.covering(1)} == set(kinds.names(group))


REFUSED_ENERGIES = [
  ("multihead", "latent"),
  *(("hard", energy) for energy in ("latent", "none", "mean")),
]
ENERGIES = [
  {"model.attention.kind": kind, "model.attention.energy": energy}
  for kind in kinds.names("model.attention")
  if "energy" in (options := kinds.options("model.attention", kind))
  for energy in kinds.names("model.attention", options["energy"].trait)
  if energy not in (kind, "multihead")  # whose other options clash
  and (kind, energy) not in REFUSED_ENERGIES
]


@pytest.mark.slow
@pytest.mark.parametrize("energy", ENERGIES, ids=name)
def test_energies_work_with_each_normaliser(energy):
  for normaliser in kinds.names("model.normaliser"):
    choice = energy | {"model.normaliser.kind": normaliser}
    if "hard" in energy.values():
      choice["train.objective.kind"] = "reinforce"
    if normaliser == "csparsemax" and {*MOVING} & {*energy.values()}:
      with pytest.raises(UserError, match="kind=csparsemax can't be had with"):
        family.config(choice)
      continue
    model = family.config(choice).model
    params = models.shapes(model, V, V)

    def look(params, s, h, keys, model=model):
      attention = models.rebuild(model, V, V, params).decoder.attention
      memory = attention.remember(h, jnp.ones(h.shape[:2], bool))
      carry = attention.begin(memory)
      glance = attention.attend(s, memory, carry, keys)
      return (glance.alpha_BxJ**2).sum(), (carry, glance)

    s = jax.ShapeDtypeStruct((B, model.size), jnp.float32)
    h = jax.ShapeDtypeStruct((B, J, 2 * model.size), jnp.float32)
    gradient, (carry, glance) = jax.eval_shape(jax.grad(look, has_aux=True), params, s, h, KEYS)
    assert (gradient, carry) == (params, glance.carry)
    assert glance.alpha_BxJ.shape == (B, J)


@pytest.mark.parametrize("choice", family.covering(1), ids=name)
def test_each_kind_trains_and_translates(choice):
  config = family.config(
    choice | {"train.optimizer.name": "adam", "train.optimizer.learning_rate": 1e-2}
  )
  random = np.random.default_rng(0)
  source, target = (random.integers(4, V, (B, length), dtype=np.int32) for length in (J, T))
  links = random.integers(0, 2, (B, T, J), dtype=np.int8)
  mesh = sharding.build(config.mesh)
  rows = Rows(*(sharding.place(mesh, side) for side in (source, target, links)))
  program = step.build(config, V, V, mesh)
  state, losses = program.create(), []
  for _ in range(5):
    state, results = program.update(state, [rows], 1.0)
    losses.append(float(results["loss"]))
  assert np.isfinite(losses).all()
  assert losses[-1] != losses[0]
  side = Words("en", [str(word) for word in range(V - 4)])
  run = loading.of(config, side, side, state["params"])
  found = search(
    run.params, source, np.full(B, T, np.int32), np.float32(1), encode=run.encode, step=run.step,
    size=1 + family.covering(1).index(choice) % 2, steps=T, forbid=(*forbidden(False), EOS),
    n_best=1, alphas=True,
  )  # fmt: skip
  assert (found.tokens_BxNxT > EOS).all()
  assert np.isfinite(found.alpha_BxNxTxJ).all()


@pytest.mark.slow
@pytest.mark.usefixtures("untyped")
@pytest.mark.parametrize("choice", family.covering(), ids=name)
def test_a_loss_its_gradient_and_a_step_of_search_have_their_shapes(choice):
  config = family.config(choice)
  objective, params = step.objective_of(config), models.shapes(config.model, V, V)
  kept = jax.eval_shape(objective.begin)
  updates = {"updates": jax.ShapeDtypeStruct((), jnp.int32)}  # told by the step, kept by none

  def loss(params, rows, keys, kept, updates):
    model = models.rebuild(config.model, V, V, params)
    value, sums = objective.sums(model, rows, keys, updates | kept)
    assert value.shape == ()
    return value, (sums, objective.keep(kept, sums))

  gradients, (sums, after) = jax.eval_shape(
    jax.grad(loss, has_aux=True), params, ROWS, KEYS, kept, updates
  )
  assert (gradients, after) == (params, kept)
  assert sums.keys() >= {"loss", "nll", "correct", "tokens"}

  def searching(params, source, y):
    model = models.rebuild(config.model, V, V, params)
    memory, state = model.encode(source)
    return state, model.step(memory, state, y)

  y = jax.ShapeDtypeStruct((B,), jnp.int32)
  before, (after, (logits, alpha)) = jax.eval_shape(searching, params, ROWS.source, y)
  assert before == after  # what a loop carries
  assert (logits.shape, alpha.shape) == ((B, V), (B, J))
