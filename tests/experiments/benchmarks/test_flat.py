"""Costs of a token are compared by corpus and by update."""

import json

import pytest

from experiments.benchmarks import flat


def lines(costs):
  return [
    {"update": flat.LINE * (i + 2), "target_tokens": 100, "cpu_seconds": 100 * c}
    for i, c in enumerate(costs)
  ]


def test_costs_that_grow_are_seen():
  small = lines([1, 1, 1, 1, 1, 1, 2, 2, 3, 3, 3, 3])
  found = flat.summary(small, lines([2, 2, 2]), 40, 400)
  assert found["larger corpus / smaller"] == pytest.approx(2)
  assert found["last updates / first"] == pytest.approx(3)
  assert found["dearest / cheapest thousand"] == pytest.approx(3)
  by_update = found["cpu microseconds a target token"]["until update"]
  assert list(by_update) == [1250, 2250, 3250]
  assert by_update[1250] == pytest.approx(1e6)


def test_lines_of_training_but_the_first_are_read(tmp_path):
  rows = [
    {"kind": kind, "update": i, "target_tokens": 10 * i, "timing": {"cpu_seconds": i}}
    for i, kind in enumerate(["train", "valid", "train", "train"])
  ]
  (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
  assert flat.lines(tmp_path / "metrics.jsonl") == [
    {"update": i, "target_tokens": 10 * i, "cpu_seconds": i} for i in (2, 3)
  ]
