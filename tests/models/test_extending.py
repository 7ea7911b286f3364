"""A mechanism in a file of its own, written by someone who knows nothing of late gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt import kinds, models
from nmt.decoding.translator import search
from nmt.launching import flags
from nmt.models import attention
from nmt.training import sharding, step
from nmt.training.objectives.base import Rows

BILINEAR = '''"""Bilinear attention, with the temperature as an option."""

from flax import nnx

from nmt.models.attention.base import EnergyAttention
from nmt.options import positive

OPTIONS = {"temperature": positive(2.0, "energies are divided by this")}


class Attention(EnergyAttention):
  """e_ij = s_i^T W h_j / temperature."""

  def __init__(self, model, encoder, initial):
    super().__init__(model, encoder, initial)
    self.temperature = model.attention.temperature
    self.W = nnx.Param(initial.dense((model.size, encoder.width)))

  def energies(self, s, memory, carry):
    return (memory["h"] @ (s @ self.W[...])[:, :, None])[:, :, 0] / self.temperature
'''


@pytest.fixture
def bilinear(tmp_path, monkeypatch):
  (tmp_path / "bilinear.py").write_text(BILINEAR)
  monkeypatch.setattr(attention, "__path__", [*attention.__path__, str(tmp_path)])


def test_it_is_found_by_its_name_and_trains_and_searches(bilinear):
  assert BILINEAR.count("\n") <= 30
  assert "bilinear" in kinds.names("model.attention")
  given = ["--config=configs/quickstart.py", "--config.model.attention.kind=bilinear"]
  given += ["--config.model.attention.temperature=1.5", "--config.model.size=8"]
  given += ["--config.train.updates=30", "--config.train.schedule.warmup=0"]
  config = flags.parse(given).config
  random = np.random.default_rng(0)
  source = random.integers(4, 20, (8, 6)).astype(np.int32)
  target = source[:, ::-1].copy()
  mesh = sharding.build(config.mesh)
  program = step.build(config, 20, 20, mesh)
  state, losses = program.create(), []
  before = state["params"]["decoder"]["attention"]["W"]
  rows = Rows(*(sharding.place(mesh, side) for side in (source, target)))
  before = np.asarray(before)
  for _ in range(30):
    state, results = program.update(state, [rows], 1.0)
    losses.append(float(results["loss"] / results["tokens"]))
  assert losses[-1] < 0.8 * losses[0]
  assert not np.allclose(before, state["params"]["decoder"]["attention"]["W"], atol=1e-3)

  def encode(params, source):
    return models.rebuild(config.model, 20, 20, params).encode(source)

  def forward(params, memory, state, y):
    return models.rebuild(config.model, 20, 20, params).step(memory, state, y)

  params = jax.device_get(state["params"])
  found = search(
    params, source, jnp.full(8, 7, jnp.int32), jnp.float32(1), encode=encode, step=forward,
    size=3, steps=7, forbid=(0, 1), n_best=1, alphas=True,
  )  # fmt: skip
  assert found.alpha_BxNxTxJ.shape == (8, 1, 7, 6)
  assert (found.tokens_BxNxT[:, 0, :6] == target).mean() > 0.3  # by chance a twentieth

  with jax.enable_x64(True):  # written with @, the gradient is still that of the equations
    exact = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params)

    @jax.jit
    def loss(W):
      tree = jax.tree.map(jnp.asarray, exact)
      tree["decoder"]["attention"]["W"] = W
      model = models.rebuild(config.model, 20, 20, tree)
      return jax.nn.log_softmax(
        model.logits(model.features(*map(jnp.asarray, (source, target))).t)
      )[..., 5].sum()

    W = jnp.asarray(exact["decoder"]["attention"]["W"])
    direction = jnp.asarray(random.standard_normal(W.shape))
    found = (jax.jit(jax.grad(loss))(W) * direction).sum()
    ends = [loss(W + sign * 1e-6 * direction) for sign in (1, -1)]
    np.testing.assert_allclose(found, (ends[0] - ends[1]) / 2e-6, rtol=1e-5)
