"""Drawings lie where their values say, and what is drawn is in the table behind."""

import json
import math

import numpy as np
import pytest

from nmt.analysis.report import curves, figures, scale
from nmt.analysis.report.sentences import Drawing
from nmt.workdir import Workdir


@pytest.mark.parametrize("values", [[0.3], [0.0], [-2, 5], [1e-9, 2e-9], [90, 100], [0.1, 99]])
def test_a_scale_holds_its_values_between_round_ticks(values):
  for one in (scale.linear(values, 300, 10), scale.logarithmic(values, 300, 10)):
    assert one.low <= min(values) <= max(values) <= one.high
    assert (one.at(one.low), one.at(one.high)) == (300, 10)
    assert len(one.ticks) == len(set(one.labels)) >= 2
    assert all(one.low <= tick <= one.high for tick in one.ticks)
    assert [one.at(tick) for tick in one.ticks] == sorted(map(one.at, one.ticks), reverse=True)


def test_a_logarithmic_scale_gives_equal_ratios_equal_room():
  one = scale.logarithmic([0.05, 5], 0, 200)
  assert one.logarithmic
  assert one.at(0.5) == 100
  assert {0.1, 1.0} <= set(one.ticks)
  assert not scale.logarithmic([-0.05, 5], 0, 200).logarithmic


def test_a_percentage_ends_at_a_hundred():
  assert scale.linear([44, 97], 0, 1, most=100).high == 100
  assert scale.linear([0, 1400], 0, 1, most=1400).high == 1400


def written(folder, values, kind="train"):
  folder.mkdir()
  lines = [{"kind": kind, "update": 10 * k, "loss": v} for k, v in enumerate(values, 1)]
  (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
  return folder.name, 0, Workdir(folder)


def test_curves_lie_where_metrics_say(tmp_path):
  losses = [4.0, 3.0, math.nan, 2.5]
  (found,) = curves.gather([written(tmp_path / "a", losses), written(tmp_path / "b", [3.5])])
  chart = figures.curves(found, ["one"])
  places = [tuple(map(float, p.split(","))) for p in chart.lines[0].points.split()]
  x, y = chart.x, chart.y
  expected = [
    (
      x.start + (x.end - x.start) * (10 * k - x.low) / (x.high - x.low),
      y.start + (y.end - y.start) * (losses[k - 1] - y.low) / (y.high - y.low),
    )
    for k in (1, 2, 4)
  ]
  assert np.array(places) == pytest.approx(np.array(expected), abs=0.06)
  assert chart.table.rows == [["10", "4", "3.5"], ["20", "3", ""], ["40", "2.5", ""]]
  assert chart.table.places == [10, 20, 40]


def test_long_runs_are_thinned_to_their_ends(tmp_path):
  (found,) = curves.gather([written(tmp_path / "a", np.linspace(9, 1, 3000).tolist())])
  (one,) = found.series
  assert len(one.updates) == curves.POINTS
  assert (one.updates[0], one.updates[-1], one.values[-1]) == (10, 30000, 1.0)
  assert "100 evenly spaced" in figures.curves(found, ["one"]).note


def test_a_heatmap_has_a_square_for_each_weight():
  alpha_TxJ = np.array([[0.25, 0.75, 0.001], [0.0, 1.0, 0.0]])
  words = ["你好", "a" * 50, "<end>"]
  found = figures.heatmap(Drawing(words, ["x", "<end>"], alpha_TxJ), "t")
  left, top, side = found.left, found.top, found.side
  assert set(found.squares) == {
    (left, top, 0.25),
    (left + side, top, 0.75),
    (left + side, top + side, 1.0),
  }
  assert found.table.columns[1:] == words
  assert len(found.across[1][1]) < 50
  assert found.table.rows[0] == ["x", "0.25", "0.75", "0"]
