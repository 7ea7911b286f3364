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
  *costs, ratios = flat.summary(small, lines([2, 2, 2]), 40, 400)
  assert ratios["larger corpus / smaller"] == pytest.approx(2)
  assert ratios["last updates / first"] == pytest.approx(3)
  assert ratios["dearest / cheapest thousand"] == pytest.approx(3)
  unit = "cpu microseconds a target token"
  by_update = {line["until update"]: line[unit] for line in costs if "until update" in line}
  assert list(by_update) == [1250, 2250, 3250]
  assert by_update[1250] == pytest.approx(1e6)
  assert [line["pairs"] for line in costs if "pairs" in line] == [40, 400]


def test_lines_of_training_but_the_first_are_read(tmp_path):
  rows = [
    {"kind": kind, "update": i, "target_tokens": 10 * i, "timing": {"cpu_seconds": i}}
    for i, kind in enumerate(["train", "valid", "train", "train"])
  ]
  (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
  assert flat.lines(tmp_path / "metrics.jsonl") == [
    {"update": i, "target_tokens": 10 * i, "cpu_seconds": i} for i in (2, 3)
  ]
