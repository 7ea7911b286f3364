"""Parameters start as section B.1 of the paper says, or as Glorot and Bengio's."""

import numpy as np
import pytest

from nmt.models import flat, init

ORTHOGONAL = ("encoder.forward.U", "encoder.backward.U", "decoder.cell.U")
ATTENTION = ("decoder.attention.W_a", "decoder.attention.U_a")
BIASES = ("b", "b_s", "b_a", "b_t", "b_o")


@pytest.fixture(scope="module")
def started(small):
  def make(kind):
    config = small(init=kind, size=48, embedding=40, **{"readout.size": 32, "attention.size": 44})
    return {name: np.asarray(leaf) for name, leaf in flat(init(config, 90, 80, seed=2)).items()}

  return {kind: make(kind) for kind in ("paper", "glorot")}


@pytest.mark.parametrize("kind", ["paper", "glorot"])
def test_every_recurrent_matrix_is_orthogonal_alone(started, kind):
  for name in ORTHOGONAL:
    fused = started[kind][f"{name}_zr"]
    for matrix in (started[kind][name], *np.split(fused, 2, axis=1)):
      np.testing.assert_allclose(matrix.T @ matrix, np.eye(48), atol=1e-5)


@pytest.mark.parametrize("kind", ["paper", "glorot"])
def test_biases_are_zero(started, kind):
  biases = [leaf for name, leaf in started[kind].items() if name.split(".")[-1] in BIASES]
  assert len(biases) == 7
  assert not any(bias.any() for bias in biases)


def test_the_paper(started):
  assert not started["paper"]["decoder.attention.v_a"].any()
  for name, leaf in started["paper"].items():
    if leaf.ndim == 2 and not name.startswith(ORTHOGONAL):
      deviation = 0.001 if name in ATTENTION else 0.01
      np.testing.assert_allclose(leaf.std(), deviation, rtol=0.1, err_msg=name)
      assert abs(leaf.mean()) < 4 * deviation / np.sqrt(leaf.size)


def test_glorot(started):
  leaves = started["glorot"]
  assert leaves["decoder.attention.v_a"].any()
  np.testing.assert_allclose((leaves["encoder.E_x"] ** 2).sum(axis=1).mean(), 1, rtol=0.1)
  # Each block of a fused matrix is scaled by its own size.
  for matrix, rows, columns in [
    (leaves["decoder.C"], 96, 48),
    (leaves["encoder.forward.W"], 40, 48),
    (leaves["decoder.readout.C_o"], 96, 32),
    (leaves["decoder.attention.W_a"], 48, 44),
  ]:
    np.testing.assert_allclose(matrix.std(), np.sqrt(2 / (rows + columns)), rtol=0.05)
