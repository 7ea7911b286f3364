"""The study of an accelerator, as far as a CPU can tell: every part runs and the figures agree."""

import json

import numpy as np
import pytest

from experiments.benchmarks import lines, speed_gpu
from experiments.benchmarks.speed import accelerator, sizes

TINY = sizes.Size("tiny", 8, 8, 8, 40, 4, "adadelta", 2, 1, 8)


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
  monkeypatch.setitem(accelerator.SIZES, "tiny", TINY)


def result(capsys, **task):
  accelerator.main([json.dumps(task | {"size": "tiny"})])
  return json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.mark.slow
def test_bfloat16_gradients_are_within_its_rounding(capsys):
  found = result(capsys, task="check", length=6)
  assert 0 < found["bfloat16"]["worst"] < 0.05
  assert found["tf32"]["worst"] < 1e-5  # on a CPU it is float32


def test_a_variant_is_timed(capsys):
  found = result(capsys, task="fixed", precision="bfloat16", batch=4, length=6, updates=2, rounds=2)
  assert found["target_tokens_a_second"] == pytest.approx(24 * found["updates_a_second"], rel=1e-3)


def test_losses_fall_on_what_can_be_learned(capsys, monkeypatch):
  monkeypatch.setattr(accelerator, "drawn", lambda: np.full((500, 2), 8))  # one shape
  found = result(capsys, task="long", precision="float32", batch=4, updates=300, seconds=600)
  assert found["updates"] == 300
  assert found["losses"][-1] < found["losses"][0]


def test_the_study_keeps_what_it_found_and_names_what_it_left_out(tmp_path, monkeypatch, capsys):
  def part(self, launch, **task):
    found = {"updates_a_second": 2.0 if launch == "one by one" else 1.0}
    found |= {"seconds_an_update": 0.01, "updates": 200, "losses": [3.0, 2.0]}
    return found

  monkeypatch.setattr(speed_gpu.Study, "part", part)
  speed_gpu.main([f"--lines={tmp_path / 'f.jsonl'}"])
  (found,) = lines.read(tmp_path / "f.jsonl")  # no part was done in a process
  assert found["fastest"] == "one by one"
  assert found["paper"]["projected_minutes"] == pytest.approx(48)
  assert found["losses"]["largest_gap"] == 0
