"""Each kind of fault comes equally often, and the count goes on where it was stopped."""

import json
from collections import Counter

from experiments.benchmarks.faults import __main__ as faults
from experiments.benchmarks.faults.kinds import KINDS


def test_each_kind_comes_equally_often_and_a_run_is_dealt_the_same_again():
  kinds = list(KINDS)
  dealt = [kind for number in range(1, 13) for kind in faults.deal(kinds, 1, number)]
  assert set(Counter(dealt).values()) == {5 * 12 // len(kinds)}
  assert faults.deal(kinds, 1, 7) == dealt[30:35]
  assert faults.deal(["kill"], 1, 7) == ["kill"] * 5


def test_it_goes_on_where_it_was_stopped_and_says_what_was_lost(tmp_path, monkeypatch, capsys):
  def study(place, disk, chosen, count, seed, known):
    for number in range(len(known) + 1, 3):
      yield {"seed": seed, "run": number, "faults": ["kill: save"] * 2, "starts": 3, "lost": []}

  monkeypatch.setattr(faults, "study", study)
  path = tmp_path / "faults.jsonl"
  other = {"seed": 2, "run": 1, "faults": ["clock: end"], "starts": 1, "lost": ["state differs"]}
  mine = {"seed": 1, "run": 1, "faults": ["kill: save"] * 2, "starts": 3, "lost": []}
  path.write_text(json.dumps(other) + "\n" + json.dumps(mine) + '\n{"seed": 1, "ru')
  assert faults.main(["--faults=4", f"--lines={path}"]) == 1
  total = {"faults": 5, "kinds": {"clock": 1, "kill": 4}, "runs": 3, "starts": 7, "lost": 1}
  found = [json.loads(line) for line in path.read_text().splitlines()]
  assert found == [other, mine, mine | {"run": 2}, total]
  assert faults.main(["--faults=4", f"--lines={path}"]) == 1  # nothing is left to do
  assert [json.loads(line) for line in path.read_text().splitlines()] == found
