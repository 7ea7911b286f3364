"""Every study can be launched by the command in its docstring."""

import re
import shlex
from pathlib import Path

import pytest

from nmt.launching import flags, sweep

ROOT = Path(__file__).parents[2]
STUDIES = sorted((ROOT / "experiments").glob("[!_]*.py"))


def test_each_file_in_experiments_is_a_study():
  assert [f"experiments/{path.name}" for path in STUDIES] == flags.listed("experiments")
  assert STUDIES


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_every_point_is_a_valid_config_unlike_the_others(path):
  command = re.search(r"python launch\.py(.*)", path.read_text(encoding="utf-8"))
  assert command, "its docstring has no command that launches it"
  order = flags.parse(shlex.split(command[1]))
  assert order is not None
  assert order.sweep is not None
  assert order.sweep.samefile(path)
  points = sweep.read(order.sweep, order.config).points  # raises at a point that is wrong
  configs = {config.to_json(sort_keys=True) for config in points.values()}
  assert len(configs) == len(points) > 1


def test_runs_of_captions_are_runs_of_beam_when_copied():
  config = flags.load("configs/multi30k.py", "en-de")
  captions, beam = (
    sweep.read(ROOT / f"experiments/{name}.py", config).points for name in ("captions", "beam")
  )
  assert beam
  assert {name: captions[name].to_json() for name in beam} == {
    name: config.to_json() for name, config in beam.items()
  }
