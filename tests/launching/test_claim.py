"""A folder belongs to one config, and to one live run."""

import json
import sys

import pytest

from configs import base
from nmt import config as config_lib
from nmt.errors import UserError
from nmt.launching import claim, identity
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
    assert start["git"].keys() == {"commit", "dirty", "diff"}
    assert start["fingerprint"] == identity.fingerprint(base.get_config())
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


def started(tmp_path, **changes):
  """A run with a checkpoint, and its config changed."""
  home, config = Workdir(tmp_path), base.get_config()
  claim.claim(home, config)
  (home.checkpoints / "5").mkdir(parents=True)
  home.status("stopped", update=5)
  config.update_from_flattened_dict({key.replace("__", "."): v for key, v in changes.items()})
  return home, config


def test_a_run_goes_on_with_other_devices_and_data_in_another_place(tmp_path):
  changes = dict(mesh__data=2, mesh__model=2, data__dir="/elsewhere", data__cache="/c")
  home, config = started(tmp_path, **changes)
  assert claim.claim(home, config) == "unfinished"
  assert config_lib.load(home.config) == config
  changed = json.loads(home.provenance.read_text())["resumed"][0]["changed"]
  assert changed["mesh.data"] == [-1, 2]
  assert claim.claim(home, base.get_config()) == "unfinished"  # and back to all devices
  assert config_lib.load(home.config) == base.get_config()
  home.status("done")
  assert claim.claim(home, base.get_config()) == "done"


def test_a_run_is_made_longer_where_the_schedule_allows_it(tmp_path):
  home, config = started(tmp_path, train__updates=700_000)
  home.status("done")
  assert claim.claim(home, config) == "unfinished"
  assert config_lib.load(home.config).train.updates == 700_000
  assert home.read_status()["state"] == "stopped"  # for those who read the status alone
  home.status("done")
  assert claim.claim(home, config) == "done"
  assert claim.claim(home, base.get_config()) == "done"  # the command that it was begun with
  config.train.updates = 600_000
  with pytest.raises(UserError, match=r"train\.updates: 700000 -> 600000; choose another"):
    claim.claim(home, config)


def test_a_cosine_is_made_for_its_updates(tmp_path):
  home, config = Workdir(tmp_path), base.get_config()
  config.train.schedule.name = "cosine"
  claim.claim(home, config)
  config.train.updates += 1
  with pytest.raises(UserError, match=r"the cosine schedule is made for its updates"):
    claim.claim(home, config)


def test_a_loss_that_was_not_finite_may_go_on_at_a_lower_rate(tmp_path):
  home, config = started(tmp_path, train__optimizer__learning_rate=0.5)
  with pytest.raises(UserError, match=r"learning_rate: 1\.0 -> 0\.5"):
    claim.claim(home, config)
  home.status("failed", nonfinite=7)
  assert claim.claim(home, config) == "unfinished"
  assert config_lib.load(home.config).train.optimizer.learning_rate == 0.5
  home.status("failed", nonfinite=9)
  config.train.optimizer.learning_rate = 2.0
  with pytest.raises(UserError, match=r"learning_rate: 0\.5 -> 2\.0"):
    claim.claim(home, config)


def test_a_run_that_diverged_may_go_back(tmp_path):
  home, config = started(tmp_path, train__fallback__times=3)
  with pytest.raises(UserError, match=r"fallback\.times: 0 -> 3"):
    claim.claim(home, config)
  home.status("failed", diverged=7)
  assert claim.claim(home, config) == "unfinished"
  assert config_lib.load(home.config) == config


def test_an_older_config_means_the_same_run_and_is_left_as_it_is(tmp_path):
  home, config = started(tmp_path)
  saved = json.loads(home.config.read_text())
  del saved["data"]["filter"]["max_tokens"], saved["data"]["normalize"], saved["train"]["ema"]
  home.config.write_text(json.dumps(saved))
  assert claim.claim(home, config) == "unfinished"
  assert json.loads(home.config.read_text()) == saved
  assert config_lib.load(home.config).data.filter.max_tokens == 0
  config.data.filter.max_tokens = 7
  with pytest.raises(UserError, match=r"max_tokens: 0 -> 7"):
    claim.claim(home, config)


def test_code_that_changed_since_a_run_began_is_a_warning(tmp_path, monkeypatch, capsys):
  home, config = started(tmp_path)
  claim.claim(home, config)
  assert capsys.readouterr().err == ""
  now = claim.provenance.collect(["x"])
  changes = {"git": {**now["git"], "diff": "0"}, "packages": {**now["packages"], "jax": "9"}}
  monkeypatch.setattr(claim.provenance, "collect", lambda _: now | changes)
  claim.claim(home, config)
  line = capsys.readouterr().err
  assert line.startswith(f"warning: {home}: changed since it began: what is not committed on top")
  assert line.endswith(f", jax ({now['packages']['jax']} -> 9)\n")


def test_drift_names_the_commits(tmp_path):
  before = {"git": {"commit": "a" * 40, "dirty": True}, "packages": {}}  # older: without a diff
  assert identity.drift(before, before) == []
  after = {"git": {"commit": "b" * 40, "dirty": False, "diff": "1"}, "packages": {}}
  assert identity.drift(before, after) == ["the commit (aaaaaaaaaa -> bbbbbbbbbb)"]
  after["git"]["commit"] = before["git"]["commit"]
  assert identity.drift(before, after) == []
  assert identity.drift(before | {"cores": 2}, after | {"cores": 1}) == [
    "the number of cores (2 -> 1)"
  ]
  assert identity.drift({}, after) == ["the commit (none -> aaaaaaaaaa)"]


def test_places_and_devices_are_no_part_of_what_a_run_is():
  config = base.get_config()
  own = identity.fingerprint(config)
  config.data.dir, config.data.cache, config.mesh.data = "/x", "/y", 2
  assert identity.fingerprint(config) == own
  config.seed += 1
  assert identity.fingerprint(config) != own
