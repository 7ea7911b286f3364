"""The line between two runs begins and ends in their losses."""

import numpy as np
import pytest

from nmt import analyze
from nmt.analysis.place import place
from nmt.analysis.translated import sample
from nmt.analysis.verbs.interpolate import barrier, draw, interpolate
from nmt.decoding.forced import force
from nmt.errors import UserError


def loss(name):
  run = place(name).load()
  forced = list(force(run, sample(run, "valid").encoded()))
  return -sum(one.log_probs_T.sum() for one in forced) / sum(len(one.log_probs_T) for one in forced)


def test_its_ends_are_the_two_losses(runs):
  found = interpolate(place("run"), place("other"), points=3)
  assert found.loss[[0, 2]] == pytest.approx([loss("run"), loss("other")], rel=1e-5)
  np.testing.assert_array_equal(found.t, [0, 0.5, 1])
  assert found.barrier >= 0
  draw(runs / "line.png", found)
  assert (runs / "line.png").read_bytes().startswith(b"\x89PNG")


def test_the_barrier_is_above_the_straight_line():
  t = np.array([0, 0.25, 1])
  assert barrier(t, np.array([1.0, 3.0, 5.0])) == pytest.approx(1)
  assert barrier(t, np.array([1.0, 1.5, 5.0])) == 0


def test_a_line_has_two_ends(runs):
  with pytest.raises(UserError, match="--points=1: a line has two ends"):
    analyze.main(["interpolate", "run", "other", "--points=1"])
  with pytest.raises(UserError, match="a run is named twice"):
    analyze.main(["interpolate", "run", "run"])
