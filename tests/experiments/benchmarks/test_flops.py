"""Counts of operations agree with those made by hand."""

import numpy as np
import pytest

from experiments.benchmarks.speed import flops
from experiments.benchmarks.speed.sizes import FIXED, SIZES


@pytest.mark.parametrize(
  ("name", "ours", "joeynmt"), [("small", 13.4, 1.13), ("medium", 53.5, 1.13), ("paper", 254, 1.27)]
)
def test_training_costs_so_many_mflop_a_target_token(name, ours, joeynmt):
  size = SIZES[name]
  update = flops.training(size, FIXED, FIXED)
  assert update / FIXED / 1e6 == pytest.approx(ours, rel=0.01)
  assert flops.joeynmt(size, FIXED, FIXED) / update == pytest.approx(joeynmt, rel=0.01)


def test_sentences_add_up():
  size = SIZES["small"]
  J, T = np.array([3, 7]), np.array([4, 5])
  assert flops.training(size, J, T) == flops.training(size, 3, 4) + flops.training(size, 7, 5)
