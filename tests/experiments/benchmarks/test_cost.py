"""Costs are measured around a base point, fitted, and drawn."""

import pytest

from experiments.benchmarks import cost, lines


def test_exponent_of_a_power_law():
  assert cost.exponent([1, 2, 8], [3, 12, 192]) == pytest.approx(2)


def test_an_update_and_a_search_are_timed():
  point = {"length": 3, "batch": 2, "vocabulary": 20, "states": 4, "beam": 2}
  for measure in (cost.update, cost.search):
    seconds = measure(point, 0)
    assert 0 < seconds["min"] <= seconds["median"] <= seconds["max"] < 1000


def test_curves_are_fitted_and_drawn(monkeypatch, tmp_path):
  monkeypatch.setattr(cost, "update", lambda point, _: lines.spread([point["length"] ** 1.5]))
  monkeypatch.setattr(cost, "search", lambda point, _: lines.spread([0.01 * point["beam"]]))
  cost.main([f"--out={tmp_path}/cost"])
  base, *curves = lines.read(tmp_path / "cost.jsonl")
  assert base == {"base": cost.BASE}
  exponents = {(line["grows"], line["of"]): line["exponent"] for line in curves}
  assert {grows for grows, _ in exponents} == set(cost.GROWING)
  assert exponents["length", "update"] == pytest.approx(1.5)
  assert exponents["beam", "search"] == pytest.approx(1)
  assert ("beam", "update") not in exponents
  assert (tmp_path / "cost.png").stat().st_size > 10_000
