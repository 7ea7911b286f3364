"""The model against the oracle, against finite differences, and against itself step by step."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt import declarations, kinds
from nmt.errors import UserError
from nmt.models import init, rebuild, translation

GROUPS = [group for group in kinds.PACKAGES if group.startswith("model.")]
DEFAULTS = {key: option.default for key, option in declarations.declared({}).items()}
KINDS = (
  [{}]
  + [  # the kinds that the defaults choose, and each other kind
    {f"{group[6:]}.kind": kind}
    for group in GROUPS
    for kind in kinds.names(group)
    if kind != DEFAULTS[f"{group}.kind"]
  ]
)
DEEP = {"cell.layers": 2, "cell.layer_norm": True}
AROUND = {"cell.residual": True, "cell.transitions": 2, "cell.zoneout": 0.2}
FIRST = [
  {"order.state": "current", "tie": True},
  {"attention.kind": "none", "tie": True},
  {"order.kind": "conditional", "order.state": "current"},
  {"cell.kind": "lstm", "order.kind": "conditional", **DEEP},
]
TOGETHER = [
  *FIRST,
  {"cell.kind": "gru", **DEEP},
  {"cell.kind": "lstm", **DEEP, **AROUND},
  {"encoder.kind": "reversed", "attention.kind": "none", "initial": "mean"},
  {"encoder.kind": "alternating", "encoder.layers": 3, "initial": "last", **AROUND},
  {"order.kind": "update_first", "readout.kind": "linear", "tie": True},
  {"order.kind": "update_first", "order.input_feeding": False, "cell.kind": "lstm"},
  {"cell.kind": "rglru", "order.kind": "update_first", "order.input_feeding": False, **DEEP},
  {"attention.kind": "local_p", "attention.renormalise": True, "attention.energy": "concat"},
  {"attention.kind": "conv", "attention.cumulative": True},
  {"attention.kind": "coverage_linguistic", "attention.fertility": 1.5},
  {"attention.kind": "forward", "attention.agent": 3},
]
# Their parts are met in other choices too: slow.
MORE = [
  *(
    {"cell.kind": kind, **DEEP} for kind in kinds.names("model.cell") if kind not in ("gru", "lstm")
  ),
  {"cell.transitions": 3, "order.kind": "conditional"},
  {"encoder.kind": "alternating", "attention.kind": "none", "initial": "zero"},
  {"encoder.kind": "convolutional", "attention.kind": "multihead", "encoder.kernel": 5},
  {"attention.kind": "multihead", "order.kind": "update_first"},
  {"attention.kind": "coverage_neural", "cell.kind": "lstm", "cell.layer_norm": True},
  {"attention.kind": "forward", "attention.energy": "conv", "attention.cumulative": True},
]
ENERGIES = [
  {"attention.kind": "mocha", "attention.energy": "additive_coverage"},
  {"attention.kind": "structured", "attention.energy": "conv"},
  {"attention.kind": "multihead", "attention.energy": "forward", "attention.inner_energy": "conv"},
  {"attention.kind": "hard", "attention.energy": "local_p", "attention.inner_energy": "concat"},
  {"attention.kind": "additive_coverage", "normaliser.kind": "csparsemax"},
  {"attention.kind": "multihead", "normaliser.kind": "csparsemax"},
]
GATED = [
  {"order.gate": "both"},
  {"order.gate": "target", "cell.kind": "lstm", **DEEP, **AROUND},
  {"order.gate": "source", "cell.kind": "mingru", "cell.layers": 2},
]
GATED_MORE = [
  {"order.gate": "both", "order.kind": "conditional", "cell.kind": "gru_after"},
  {"order.gate": "target", "order.kind": "conditional", "attention.kind": "multihead"},
  {"order.gate": "both", "order.kind": "update_first", "attention.kind": "none"},
  {
    **{"order.gate": "both", "order.kind": "update_first", "order.input_feeding": False},
    **{"cell.kind": "mingru"},
  },
]
LATENT = {"attention.kind": "latent", "order.kind": "update_first", "readout.kind": "linear"}
LATENT_MORE = [
  {
    "attention.kind": "latent",
    "attention.energy": "additive_coverage",
    "attention.top": 2,
    "encoder.kind": "convolutional",
    "readout.kind": "tanh",
  },
  {**LATENT, "order.gate": "both"},
]


def name(choice):
  return "-".join(str(value) for value in choice.values()) or "default"


def cases(fast, slow, *more):
  """Choices as parameters of a test, with more that all of them have."""
  return [
    pytest.param(choice, *more, id=name(choice), marks=marks)
    for choices, marks in ((fast, ()), (slow, pytest.mark.slow))
    for choice in choices
  ]


WHOLE = cases(
  [*KINDS, *TOGETHER, *ENERGIES, *GATED, LATENT],
  [*MORE, *GATED_MORE, *LATENT_MORE],
  *("float64", 1e-10),
)
# Slopes by finite differences, and the gradients of single steps, take longest: of some choices.
SLOPES = cases([*FIRST, GATED[0], {"attention.kind": "hard"}, LATENT], [*ENERGIES, GATED[1]])
STEPPED = cases(
  [
    {},
    *({"attention.kind": kind} for kind in ("additive_coverage", "hard")),
    {"cell.kind": "rglru", "order.kind": "update_first", "order.input_feeding": False, **DEEP},
  ],
  [
    *({"attention.kind": kind} for kind in ("latent", "monotonic", "multihead", "none")),
    *({"order.kind": "update_first"}, FIRST[3], GATED[0], GATED_MORE[1]),
  ],
)


def stepped(model, source, target, search=True):
  """log p, alpha and states of teacher forcing through `encode` and `step`.

  search: whether attention looks as in search, or as in training without keys.
  """
  if not search:
    model.decoder.attention.search = partial(model.decoder.attention.attend, keys_B=None)
  memory, state = model.encode(source)
  previous = jnp.concatenate([jnp.ones_like(target[:, :1]), target[:, :-1]], axis=1)

  def one(state, y):
    state, (logits, alpha) = model.step(memory, state, y)
    return state, (jax.nn.log_softmax(logits), alpha, model.decoder.cell.output(state["cell"]))

  _, results = jax.lax.scan(one, state, previous.T)
  return [array.swapaxes(0, 1) for array in results]


def taught(model, source, target):
  """log p, alpha and losses of the training path."""
  features = model.features(source, target)
  return jax.nn.log_softmax(model.logits(features.t)), features.alpha, features.losses


@pytest.mark.parametrize(
  ("choice", "dtype", "tolerance"),
  [
    ({}, "float32", 1e-5),
    ({"order.kind": "conditional"}, "float32", 1e-5),
    *WHOLE,
  ],
)
def test_the_model_is_the_papers(
  small, weights, sizes, pairs, pad, oracle, choice, dtype, tolerance
):
  config = small(**choice)
  exact = weights(config)
  with jax.enable_x64(dtype == "float64"):
    params = jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype), exact)
    source, target = (jnp.asarray(pad(side, 7)) for side in zip(*pairs, strict=True))

    @jax.jit
    def run(params):
      model = rebuild(config, *sizes, params)
      return taught(model, source, target), stepped(model, source, target)

    (log_p, alpha, losses), (log_p_step, alpha_step, states) = run(params)
    assert log_p.dtype == alpha.dtype == states.dtype == dtype
  for b, (x, y) in enumerate(pairs):
    expected, found = (oracle.read(exact, x, y, search, **choice) for search in (False, True))
    T, J = len(y), len(x)
    assert losses.keys() == expected.losses.keys()
    for got, wanted in [
      (log_p[b, :T], expected.log_p),
      (log_p_step[b, :T], found.log_p),
      (alpha[b, :T, :J], expected.alpha),
      (alpha_step[b, :T, :J], found.alpha),
      (states[b, :T], found.s),
      *((losses[name][b, :T], expected.losses[name]) for name in losses),
    ]:
      error = np.abs(np.asarray(got, np.float64) - wanted) / np.maximum(np.abs(wanted), 1e-2)
      assert error.max() < tolerance
    for loss in losses.values():
      assert (np.asarray(loss)[b, T:] == 0).all()  # padding adds nothing to a sum


@pytest.mark.parametrize("choice", SLOPES)
def test_gradients_are_the_slopes_of_the_oracle(small, weights, sizes, pairs, pad, oracle, choice):
  config = small(**choice)
  params = weights(config)

  def loss(params):
    total = 0.0
    for x, y in pairs:
      reading = oracle.read(params, x, y, **choice)
      total -= reading.log_p[np.arange(len(y)), y].sum()
      total += sum(numbers.sum() for numbers in reading.losses.values())
    return total

  with jax.enable_x64(True):
    filled = [*pairs, ([2], [0]), ([0], [0])]  # filler rows add nothing, not even nan
    source, target = (jnp.asarray(pad(side)) for side in zip(*filled, strict=True))

    @jax.jit
    @jax.grad
    def slope(params):
      log_p, _, losses = taught(rebuild(config, *sizes, params), source, target)
      words = jnp.take_along_axis(log_p, target[:, :, None], axis=2)[:, :, 0]
      more = sum(numbers.sum() for numbers in losses.values())
      return more - jnp.where(target > 0, words, 0).sum()

    gradients = jax.tree.map(np.asarray, slope(jax.tree.map(jnp.asarray, params)))
  oracle.check_slopes(loss, params, gradients, step=1e-6, tolerance=2e-6)


@pytest.mark.parametrize("choice", STEPPED)
def test_all_steps_at_once_equal_one_after_another(small, weights, sizes, pairs, pad, choice):
  config = small(**choice)
  with jax.enable_x64(True):
    params = jax.tree.map(jnp.asarray, weights(config))
    source, target = (jnp.asarray(pad(side, 7)) for side in zip(*pairs, strict=True))
    mix = np.random.default_rng(2).standard_normal((len(pairs), 7, sizes[1]))

    def value(run):
      def loss(params):
        log_p, alpha, *_ = run(rebuild(config, *sizes, params), source, target)
        return (log_p * mix).sum() + (alpha**2).sum(), (log_p, alpha)

      return jax.jit(jax.grad(loss, has_aux=True))(params)

    ours, theirs = value(taught), value(partial(stepped, search=False))
  for one, other in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
    np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-11)


def test_bfloat16_is_float32_but_for_rounding(small, weights, sizes, pairs, pad):
  source, target = (jnp.asarray(pad(side)) for side in zip(*pairs, strict=True))
  params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), weights(small()))

  def run(precision):
    config = small(precision=precision)
    return jax.jit(lambda params: taught(rebuild(config, *sizes, params), source, target))(params)

  (log_p, alpha, _), (log_p_16, alpha_16, _) = run("float32"), run("bfloat16")
  assert log_p_16.dtype == alpha_16.dtype == jnp.float32
  assert 0 < np.abs(log_p - log_p_16).max() < 0.05
  assert np.abs(alpha - alpha_16).max() < 0.02


def test_a_search_may_share_memory_between_beams(small, weights, sizes, pairs, pad):
  config = small()
  params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), weights(config))
  model = rebuild(config, *sizes, params)
  memory, state = jax.jit(model.encode)(jnp.asarray(pad([x for x, _ in pairs])))
  assert {leaf.shape[0] for leaf in jax.tree.leaves((memory, state))} == {len(pairs)}
  beams = jax.tree.map(lambda leaf: jnp.stack([leaf, 0.5 * leaf], axis=1), state)
  y = jnp.asarray([[1, 4], [5, 6], [7, 8], [9, 2]])
  step = jax.jit(jax.vmap(model.step, in_axes=(None, 1, 1), out_axes=1))
  _, (logits, _) = step(memory, beams, y)
  alone_step = jax.jit(model.step)
  for k in range(2):
    _, (alone, _) = alone_step(memory, jax.tree.map(lambda leaf, k=k: leaf[:, k], beams), y[:, k])
    np.testing.assert_allclose(logits[:, k], alone, rtol=1e-5, atol=1e-5)


def test_parameters_depend_on_the_seed_alone(small, sizes):
  one, same, other = (init(small(), *sizes, seed=seed) for seed in (3, 3, 4))
  jax.tree.map(np.testing.assert_array_equal, one, same)
  assert not np.array_equal(one["encoder"]["E_x"], other["encoder"]["E_x"])
  assert {leaf.dtype for leaf in jax.tree.leaves(one)} == {jnp.dtype("float32")}


def test_the_structure_is_made_once_a_config(small, sizes):
  translation._graph.cache_clear()
  for _ in range(3):
    rebuild(small(), *sizes, init(small(), *sizes, seed=0))
  assert translation._graph.cache_info().misses == 1


@pytest.mark.parametrize(
  ("key", "choices"),
  [("init", "paper or glorot"), ("precision", "float32 or bfloat16")],
)
def test_an_unknown_choice_is_answered_with_the_choices(small, sizes, key, choices):
  with pytest.raises(UserError, match=f"model.{key}='nothing' is unknown: choose {choices}"):
    init(small(**{key: "nothing"}), *sizes, seed=0)
