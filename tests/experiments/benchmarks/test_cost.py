"""Costs are measured around a base point, fitted, and drawn."""

import json

import pytest

from experiments.benchmarks import cost


def test_exponent_of_a_power_law():
  assert cost.exponent([1, 2, 8], [3, 12, 192]) == pytest.approx(2)


def test_an_update_and_a_search_are_timed():
  point = {"length": 3, "batch": 2, "vocabulary": 20, "states": 4, "beam": 2}
  assert 0 < cost.update(point, 0) < 10
  assert 0 < cost.search(point, 0) < 10


def test_curves_are_fitted_and_drawn(monkeypatch, tmp_path):
  monkeypatch.setattr(cost, "update", lambda point, seconds: point["length"] ** 1.5)
  monkeypatch.setattr(cost, "search", lambda point, seconds: 0.01 * point["beam"])
  cost.main([f"--out={tmp_path}/cost"])
  found = json.loads((tmp_path / "cost.json").read_text())
  assert set(found["curves"]) == {"length", "batch", "vocabulary", "states", "beam"}
  assert found["curves"]["length"]["update"]["exponent"] == pytest.approx(1.5)
  assert found["curves"]["beam"]["search"]["exponent"] == pytest.approx(1)
  assert "update" not in found["curves"]["beam"]
  assert (tmp_path / "cost.png").stat().st_size > 10_000
