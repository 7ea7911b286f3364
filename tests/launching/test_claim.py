"""A folder belongs to one config, and to one live run."""

import json
import sys

import pytest

from configs import base
from nmt import config as config_lib
from nmt.errors import UserError
from nmt.launching import claim
from nmt.workdir import Workdir


def test_a_folder_is_new_then_unfinished_then_done(tmp_path):
  home, config = Workdir(tmp_path / "w"), base.get_config()
  assert claim.look(home, config) == "new"
  assert not home.path.exists()
  assert claim.claim(home, config) == "new"
  assert config_lib.load(home.config) == config
  assert claim.claim(home, config) == "unfinished"
  home.status("done")
  assert claim.claim(home, config) == "done"


def test_another_config_is_refused_and_touches_nothing(tmp_path):
  home, config = Workdir(tmp_path), base.get_config()
  claim.claim(home, config)
  before = {path: path.read_bytes() for path in tmp_path.iterdir()}
  config.model.size = 7
  config.data.test = ("test", "long")
  with pytest.raises(UserError, match=r"model\.size: 1000 -> 7; choose another") as caught:
    claim.claim(home, config)
  assert "data.test: ('test',) -> ('test', 'long')" in str(caught.value)
  lock = {home.lock_file: home.lock_file.read_bytes()}
  assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before | lock


def test_a_live_run_is_left_alone(tmp_path):
  home = Workdir(tmp_path)
  with home.lock(), pytest.raises(UserError, match="in use by a live run"):
    claim.claim(home, base.get_config())


def test_provenance_says_how_every_start_came_about(tmp_path):
  home = Workdir(tmp_path)
  claim.claim(home, base.get_config())
  claim.claim(home, base.get_config())
  origin = json.loads(home.provenance.read_text())
  for start in (origin, *origin["resumed"]):
    assert start["command"] == sys.argv
    assert start["packages"]["numpy"]
    assert start["git"].keys() == {"commit", "dirty"}
    assert start["started"] > 1.7e9
  assert len(origin["resumed"]) == 1


def test_a_run_that_failed_before_its_first_checkpoint_gives_way(tmp_path):
  home, config = Workdir(tmp_path), base.get_config()
  assert claim.claim(home, config) == "new"
  home.status("failed", reason="data.dir=/wrong: no such folder")
  other = base.get_config()
  other.model.size = 7
  assert claim.claim(home, other) == "new"
  assert config_lib.load(home.config).model.size == 7
  home.status("failed")
  (home.checkpoints / "5").mkdir(parents=True)
  with pytest.raises(UserError, match="another config"):
    claim.claim(home, config)
