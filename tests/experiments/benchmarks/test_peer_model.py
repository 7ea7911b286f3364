"""The PyTorch model that we are measured against is our model, and its searches search."""

import itertools

import numpy as np
import pytest

from configs.base import get_config
from nmt import loading, models
from nmt.data.ids import EOS, PAD
from nmt.data.words import Words

torch = pytest.importorskip("torch")
V, M, N, A, L = 11, 5, 6, 7, 4


@pytest.fixture
def config():
  config = get_config()
  config.model.update(size=N, embedding=M, init="glorot")
  config.model.readout.size = L
  config.model.attention.size = A
  return config


@pytest.fixture
def weights(config):
  """Random weights, but every cell's U diagonal: then U (r * s) = r * (U s), and ours is theirs."""
  random = np.random.default_rng(0)
  flat = models.flat(models.init(config.model, V, V, seed=0))
  drawn = {key: 0.5 * random.standard_normal(leaf.shape) for key, leaf in flat.items()}
  for key, leaf in drawn.items():
    if key.endswith(".U"):
      leaf *= np.eye(N)
  return {key: leaf.astype(np.float32) for key, leaf in drawn.items()}


@pytest.fixture
def peer(weights):
  from experiments.benchmarks.speed.peers.model import Model

  model = Model(V, M, N, A, L)
  p = weights
  copied = {
    "E_x.weight": p["encoder.E_x"],
    "E_y.weight": p["decoder.E_y"],
    "first.weight": p["decoder.W_s"].T,
    "first.bias": p["decoder.b_s"],
    "keys.weight": p["decoder.attention.U_a"].T,
    "keys.bias": p["decoder.attention.b_a"],
    "query.weight": p["decoder.attention.W_a"].T,
    "energy.weight": p["decoder.attention.v_a"][None],
    "readout.weight": np.concatenate([p[f"decoder.readout.{k}"] for k in ("U_o", "V_o", "C_o")]).T,
    "readout.bias": p["decoder.readout.b_t"],
    "out.weight": p["decoder.readout.W_o"],
    "out.bias": p["decoder.readout.b_o"],
  }
  for ours, theirs, end, context in (
    ("encoder.forward", "encoder", "_l0", None),
    ("encoder.backward", "encoder", "_l0_reverse", None),
    ("decoder.cell", "cell", "", p["decoder.C"]),
  ):
    W = p[f"{ours}.W"] if context is None else np.concatenate([p[f"{ours}.W"], context])
    U = np.concatenate([p[f"{ours}.U_zr"], p[f"{ours}.U"]], axis=1)
    copied[f"{theirs}.weight_ih{end}"] = gates(W).T
    copied[f"{theirs}.weight_hh{end}"] = gates(U).T
    copied[f"{theirs}.bias_ih{end}"] = gates(p[f"{ours}.b"])
    copied[f"{theirs}.bias_hh{end}"] = np.zeros(3 * N, np.float32)
  model.load_state_dict({key: torch.tensor(leaf.copy()) for key, leaf in copied.items()})
  return model


def gates(fused):
  """Ours is [z r s~], and z opens to the new state; theirs [r z s~], and z keeps the old one."""
  z, r, new = np.split(fused, 3, axis=-1)
  return np.concatenate([r, -z, new], axis=-1)


@pytest.fixture
def ours(config, weights):
  tree: dict = {}
  for key, leaf in weights.items():
    *path, last = key.split(".")
    place = tree
    for name in path:
      place = place.setdefault(name, {})
    place[last] = leaf
  side = Words("en", [str(word) for word in range(V - 4)])
  return loading.of(config, side, side, tree)


SOURCE = np.array([[4, 5, 6, 7, EOS], [9, EOS, PAD, PAD, PAD], [8, 3, 8, EOS, PAD]])
TARGET = np.array([[4, 10, 6, EOS], [7, EOS, PAD, PAD], [5, 5, 9, EOS]])


def test_the_same_weights_give_the_same_probabilities(ours, peer):
  expected, _ = ours.force(ours.params, SOURCE, TARGET)
  with torch.no_grad():
    log_p = peer(torch.tensor(SOURCE), torch.tensor(TARGET)).log_softmax(2).numpy()
    loss = peer.loss(torch.tensor(SOURCE), torch.tensor(TARGET)).item()
  found = np.take_along_axis(log_p, TARGET[:, :, None], 2)[:, :, 0]
  real = TARGET != PAD
  np.testing.assert_allclose(found[real], np.asarray(expected)[real], rtol=2e-5, atol=2e-6)
  assert loss == pytest.approx(-float(np.asarray(expected).sum()) / real.sum(), rel=1e-5)


def test_a_full_beam_finds_the_best_of_all(peer):
  from experiments.benchmarks.speed.peers.search import beam, greedy

  source = torch.tensor(SOURCE)
  steps, words = 2, [w for w in range(V) if w > 1]
  candidates = [(EOS, PAD)] + [(a, b) for a, b in itertools.product(words, words) if a != EOS]
  target = torch.tensor(candidates)
  best, likeliest = [], []
  for row in source:
    with torch.no_grad():
      log_p = peer(row.expand(len(target), -1), target).log_softmax(2)
    score = log_p.gather(2, target[:, :, None])[:, :, 0] * (target != PAD)
    best.append(candidates[int((score.sum(1) / (target != PAD).sum(1)).argmax())])
    first = int(log_p[0, 0, 2:].argmax()) + 2
    likeliest.append(first)
  assert beam(peer, source, steps, V * V).tolist() == [list(pair) for pair in best]
  assert greedy(peer, source, steps)[:, 0].tolist() == likeliest
