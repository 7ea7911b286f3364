"""What of a cluster a run needs is read from one flag, and a mistake in it is one line."""

import re

import pytest

from nmt.errors import UserError
from nmt.launching import flags, resources
from nmt.launching.executors.slurm import Slurm
from nmt.launching.resources import Resources, parse


def test_resources_are_keys_and_values():
  found = parse("gpus=8,gpu=a100,nodes=2,time=24h,cpus=16,memory=64G,restarts=0", {})
  assert found == Resources(2, 8, "a100", 16, "64G", 1, 86400, 0)
  own = parse("partition=long,exclude=n[1,3-5],gpus=0", Slurm.OWN)
  assert own == Resources(gpus=0, own={"partition": "long", "exclude": "n[1,3-5]"})
  assert own.flat() == {
    "nodes": 1, "gpus": 0, "tasks": 1, "restarts": 50, "partition": "long", "exclude": "n[1,3-5]"
  }  # fmt: skip
  assert parse("", {}) == Resources()


@pytest.mark.parametrize(
  ("text", "seconds"),
  [("90m", 5400), ("90min", 5400), ("1d12h", 129600), ("24:00:00", 86400), ("2-00:00:30", 172830)],
)
def test_times_are_those_of_people_and_of_slurm(text, seconds):
  assert resources.seconds(text) == seconds


@pytest.mark.parametrize(
  ("text", "line"),
  [
    ("partiton=a", "--resources has no partiton; did you mean partition?; it has: nodes, gpus,"),
    ("gpu", "--resources: gpu has no value: write gpu=..."),
    ("time=", "--resources: time has no value: write time=..."),
    ("time=24", "--resources: time=24 is not a time such as 90m, 24h, 1d12h or 24:00:00"),
    ("time=0h", "time=0h is not a time"),
    ("gpus=eight", "--resources: gpus=eight is not a whole number"),
    ("nodes=0", "--resources: nodes=0 is not a whole number of at least 1"),
    ("gpus=²", "gpus=² is not a whole number"),
    ("memory=64", "memory=64 is not a size such as 64G (M, G or T)"),
    ("gpu=a100:8", "gpu=a100:8 is not a name"),
    ("nodes=1,nodes=2", "--resources: nodes is given twice"),
    ("partition=a b", "--resources: partition='a b' has a space in it"),
  ],
)
def test_a_mistake_is_one_line(text, line):
  with pytest.raises(UserError, match=re.escape(line)):
    parse(text, Slurm.OWN)


def test_resources_are_for_clusters_and_change_no_run():
  with pytest.raises(UserError, match=r"--resources is for a cluster: give --executor as well"):
    flags.parse(["--config=quickstart", "--resources=gpus=1"])
  here = flags.parse(["--config=quickstart"])
  there = flags.parse(["--config=quickstart", "--executor=slurm", "--resources=gpus=1,time=1h"])
  assert there.config.to_json() == here.config.to_json()
  assert (here.resources, there.resources) == (None, Resources(gpus=1, time=3600))
