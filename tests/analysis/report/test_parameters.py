"""The parameters in a page are those of the run, as numbers and as small pictures."""

import shutil

import numpy as np
import pytest

from nmt.analysis.place import place
from nmt.analysis.report import parameters, unfolded
from nmt.analysis.verbs import tree
from nmt.workdir import Workdir


def test_the_table_is_that_of_tree(first):
  run, nothing = Workdir(first / "run"), Workdir(first / "nothing")
  nothing.make()
  shutil.copy(run.config, nothing.config)
  (found,), (reason,) = parameters.gather({"run": run, "nothing": nothing}, 2)
  rows = tree.tree(place(str(run.path)), spectrum=False)
  assert [row[0] for row in found.table.rows] == [row.name.rstrip(".") or "all" for row in rows]
  assert [row[1:] for row in found.table.rows] == [tree.cells(row) for row in rows]
  assert found.table.bold == {at for at, row in enumerate(rows) if row.name.endswith(".")}
  assert reason.startswith("nothing: it has no checkpoint yet")
  assert parameters.gather({"run": run, "nothing": nothing}, 1) == ([], [])


@pytest.mark.parametrize("shape", [(100, 70), (3, 20, 50), (1000,), (24, 33)])
def test_a_large_array_becomes_root_mean_squares_of_blocks(shape):
  array = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
  small, reduced = unfolded.blocks(array)
  assert reduced
  assert small.shape[0] <= 24
  assert small.shape[1] <= 32
  matrix = array.reshape(-1, shape[-1]).astype(np.float64)
  parts = [np.array_split(np.arange(n), m) for n, m in zip(matrix.shape, small.shape, strict=True)]
  expected = [[np.sqrt((matrix[np.ix_(r, c)] ** 2).mean()) for c in parts[1]] for r in parts[0]]
  np.testing.assert_allclose(small, expected, rtol=1e-5)


@pytest.mark.parametrize("array", [np.float32(-2.5), np.arange(-3, 4), np.eye(24, 32)])
def test_a_small_array_is_shown_as_it_is(array):
  small, reduced = unfolded.blocks(np.asarray(array))
  assert not reduced
  assert small.ndim == 2
  assert small.ravel().tolist() == np.asarray(array).ravel().tolist()


def test_what_is_not_finite_is_counted_apart():
  array = np.array([1, np.nan, 3, -np.inf], np.float32)
  assert unfolded.summary(array) == "float32 4: mean 2, deviation 1, 1 to 3, 2 not finite"
  assert unfolded.summary(array[1:2]) == "float32 1: no finite number"


def test_a_view_is_small_and_always_the_same():
  wide = np.ones((4000, 3000), np.float16)
  arrays = {"a.b.W": wide, "a.W": wide, "c": np.array([[np.nan, 1.0]]), "a.n": np.float32(1)}
  arrays = {name: np.asarray(array) for name, array in arrays.items()}
  found = unfolded.view(arrays)
  assert found == unfolded.view(arrays)
  assert len(found.html) < 90_000
  assert found.styles
  assert found.scripts
  assert found.html.count("float16 4000 x 3000: mean 1, deviation 0, 1 to 1") == 2
