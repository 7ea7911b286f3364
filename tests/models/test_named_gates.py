"""Gates are found by their names, in whatever loops and layers, and are those of the equations."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt import kinds, models
from nmt.analysis.gates import gates, names, noting, saturation, saturations
from nmt.models.cells.base import find

PAIRS = [([4, 5, 7], [4, 12]), ([9], [7, 8, 9])]  # without ends
CHOICES = [
  ({"order.kind": "conditional", "cell.layers": 2}, "encoder.forward.cells.1", 0),
  ({"order.kind": "conditional", "cell.layers": 2}, "encoder.backward.cells.0", 1),
  ({"order.kind": "conditional", "cell.layers": 2}, "decoder.second.cells.0", 0),
  ({"cell.kind": "lstm", "encoder.kind": "alternating"}, "encoder.layers.1", 2),
  (
    {"cell.kind": "mingru", "cell.layers": 2, "order.kind": "update_first"}
    | {"order.input_feeding": False, "encoder.kind": "reversed"},
    "decoder.cell.cells.1",
    0,
  ),
]


@pytest.fixture
def made(small, weights, sizes):
  """made(**changes): what `gates` asks of a run, with random parameters."""

  def make(**changes):
    model = small(**changes)
    params = jax.tree.map(lambda leaf: np.array(leaf, np.float32), weights(model))
    source, target = (SimpleNamespace(size=size) for size in sizes)
    config = SimpleNamespace(model=model)
    return SimpleNamespace(config=config, params=params, source=source, target=target)

  return make


@pytest.mark.parametrize(("changes", "cell", "k"), CHOICES, ids=str)
def test_a_gate_that_is_forced_open_is_the_one_of_that_name(changes, cell, k, made):
  run = made(**changes)
  inner = run.params
  for key in cell.split("."):
    inner = inner[int(key) if key.isdecimal() else key]
  n = run.config.model.size
  inner["b"][k * n : (k + 1) * n] = 60.0
  known = dict(zip(("encoder", "decoder"), names(run), strict=True))
  gate = find(run.config.model).gates[k]
  first, second = gates(run, PAIRS)
  assert first.encoder_JxGx3.shape == (4, len(known["encoder"]), 3)
  assert second.decoder_TxGx3.shape == (4, len(known["decoder"]), 3)
  for side, values in (("encoder", first[0]), ("decoder", first[1])):
    for row, name in enumerate(known[side]):
      opened = (values[:, row, 0] > 0.999).all()
      assert opened == (name == (cell, gate)), name
  found = saturations(run, PAIRS)
  assert list(found) == [*known["encoder"], *known["decoder"]]
  assert found[cell, gate] == (0, 1)


def test_the_first_gates_are_those_of_the_equations(made):
  run = made(**{"encoder.kind": "unidirectional"})
  cell, n = run.params["encoder"]["cell"], run.config.model.size
  sums = run.params["encoder"]["E_x"][9] @ cell["W"] + cell["b"]  # the state is 0
  wanted = [1 / (1 + np.exp(-sums[k * n : (k + 1) * n])) for k in range(2)]
  _, second = gates(run, PAIRS)
  for k, units in enumerate(wanted):
    numbers = units.mean(), (units < 0.1).mean(), (units > 0.9).mean()
    np.testing.assert_allclose(second.encoder_JxGx3[0, k], numbers, rtol=1e-5)
  both = [one.decoder_TxGx3 for one in gates(run, PAIRS)]
  shut, wide = np.concatenate(both)[..., 1:].mean(axis=(0, 1))
  assert saturation(run, PAIRS) == pytest.approx((shut, wide), rel=1e-6)


@pytest.mark.parametrize("kind", kinds.names("model.cell"))
def test_every_cell_names_its_gates(kind, made, sizes):
  run = made(**{"cell.kind": kind})
  tokens = jnp.zeros((2, 4), jnp.int32)

  def encoder(params):
    return noting(models.rebuild(run.config.model, *sizes, params).encode, tokens)[1]

  width = sum(one.shape[-1] for one in jax.eval_shape(encoder, run.params))
  assert width == len(names(run)[0]) * run.config.model.size
  assert bool(width) == (kind != "tanh")
