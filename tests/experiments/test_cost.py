"""Costs are measured around a base point, fitted, and drawn."""

import json

import pytest

from experiments import cost


def test_exponent_of_a_power_law():
  assert cost.exponent([1, 2, 8], [3, 12, 192]) == pytest.approx(2)


def test_a_tiny_sweep_ends_with_a_figure(monkeypatch, tmp_path):
  base = {"length": 3, "batch": 2, "vocabulary": 20, "states": 4, "beam": 1}
  monkeypatch.setattr(cost, "BASE", base)
  monkeypatch.setattr(cost, "GROWING", {"batch": (1, 2), "beam": (1, 2)})
  cost.main([f"--out={tmp_path}/cost", "--seconds=0"])
  found = json.loads((tmp_path / "cost.json").read_text())
  assert set(found["curves"]["batch"]) == {"values", "update", "search"}
  assert set(found["curves"]["beam"]) == {"values", "search"}
  assert len(found["curves"]["beam"]["search"]["milliseconds"]) == 2
  assert (tmp_path / "cost.png").stat().st_size > 10_000
