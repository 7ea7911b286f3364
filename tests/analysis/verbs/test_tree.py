"""Parts add up to what is in them."""

import numpy as np
import pytest

from nmt import analyze
from nmt.analysis.place import place
from nmt.analysis.verbs import stat, tree

ARRAYS = {
  "a.b.W": np.diag([3.0, 4.0]).astype(np.float32),
  "a.b.v": np.array([12.0], np.float32),
  "a.W": np.zeros((2, 3), np.float32),
  "c": np.ones(2, np.float32),
}


def test_parts_come_before_what_is_in_them_and_add_up():
  rows = tree.rows(ARRAYS)
  assert [row.name for row in rows] == [".", "a.", "a.W", "a.b.", "a.b.W", "a.b.v", "c"]
  by = {row.name: row for row in rows}
  assert (by["."].numbers, by["."].bytes) == (13, 52)
  assert by["a.b."].norm == pytest.approx(13)
  assert by["."].norm == pytest.approx(np.sqrt(171))
  assert by["a.b.W"].singular_values == pytest.approx((4, 3))
  assert by["a.b.W"].effective_rank == pytest.approx(
    np.exp(-sum(p * np.log(p) for p in (3 / 7, 4 / 7)))
  )
  assert (by["a.W"].effective_rank, by["a.W"].full_rank) == (0, 2)
  assert by["a.b.v"].effective_rank is None


def test_sizes_are_readable():
  assert [tree.size(count) for count in (512, 3482, 22020096)] == ["512 B", "3.4 KiB", "21.0 MiB"]


def test_an_exported_file_is_as_good_as_the_run(runs, capsys):
  from nmt import export

  export.main(["--workdir", "run", "--out", "w.safetensors"])
  of_run, of_file = (place(name).weights() for name in ("run", "w.safetensors"))
  assert of_run.arrays.keys() == of_file.arrays.keys()
  assert stat.stat(of_run) == stat.stat(of_file)
  capsys.readouterr()
  assert analyze.main(["stat", "w.safetensors"]) == 0
  assert analyze.main(["tree", "run", "--no-spectrum"]) == 0
  assert "decoder" in capsys.readouterr().out


def test_what_moved_is_told_from_what_was_drawn(runs):
  weights = place("run").weights()
  drawn = weights.drawn()
  assert drawn.keys() == weights.arrays.keys()
  found = {one.name: one for one in stat.stat(weights._replace(arrays=drawn))}
  assert {one.moved for one in found.values()} <= {0.0, None}
  assert sum(one.share for one in found.values()) == pytest.approx(1)
  name = "encoder.E_x"
  twice = weights._replace(arrays=drawn | {name: 2 * drawn[name]})
  one = next(one for one in stat.stat(twice) if one.name == name)
  assert one.moved == pytest.approx(1)
  assert one.drawn == pytest.approx(one.deviation / 2)
