"""Keys of older configs: loaded from runs, translated or explained where a person writes them."""

import json
import re

import pytest

from configs import base
from nmt import config as config_lib
from nmt.errors import UserError
from nmt.launching import flags, sweep

OLD = {"cell": "gru", "conditional": True, "readout": "current", "maxout": 64, "loop": "kernel"}


def older(tmp_path, attention="additive"):
  """The config.json of a run that was made when the keys were OLD's."""
  path = tmp_path / "config.json"
  config_lib.save(base.get_config(), path)
  tree = json.loads(path.read_text())
  for group in ("cell", "encoder", "normaliser", "order", "readout"):
    del tree["model"][group]
  del tree["train"]["objective"]
  tree["model"] |= OLD
  tree["model"]["attention"] = {"kind": attention, "size": 7}
  tree["train"]["label_smoothing"] = 0.1
  path.write_text(json.dumps(tree))
  return path


def test_an_older_file_is_what_it_was(tmp_path):
  expected = base.get_config()
  expected.model.order.update(kind="conditional", state="current")
  expected.model.readout.size = 64
  expected.model.attention.size = 7
  expected.train.objective.label_smoothing = 0.1
  assert config_lib.load(older(tmp_path)) == expected
  config_lib.validate(expected)


def test_the_size_of_an_attention_that_was_not_there_is_left_out(tmp_path):
  loaded = config_lib.load(older(tmp_path, "none"))
  assert loaded.model.attention.to_dict() == {"kind": "none"}
  config_lib.validate(loaded)


@pytest.mark.parametrize(
  ("flag", "key", "value"),
  [
    ("model.maxout=64", "model.readout.size", 64),
    ("model.cell=gru", "model.cell.kind", "gru"),
    ("train.label_smoothing=0.5", "train.objective.label_smoothing", 0.5),
    ("model.attention.penalty=0.5", "train.objective.coverage", 0.5),
  ],
)
def test_a_flag_that_has_another_name_now_means_the_same(flag, key, value):
  config = flags.parse(["--config=configs/base.py", f"--config.{flag}"]).config
  assert config_lib.flatten(config)[key] == value


@pytest.mark.parametrize(
  ("flag", "line"),
  [
    ("model.conditional=True", "model.conditional is now model.order.kind: conditional for True"),
    ("model.readout=current", "previous and current are those of model.order.state"),
    ("model.loop=scan", "model.loop is no longer a key: leave it out"),
  ],
)
def test_a_flag_that_means_something_else_now_is_explained(flag, line):
  with pytest.raises(UserError, match=re.escape(line)):
    flags.parse(["--config=configs/base.py", f"--config.{flag}"])


@pytest.mark.parametrize(
  ("text", "line"),
  [
    ("config.model.maxout = 64", "model.maxout is now model.readout.size"),
    ("config.model.update(maxout=64)", "model.maxout is now model.readout.size"),
    ("config.model.cell = 'gru'", "mine.py: model.cell is now model.cell.kind"),
    ("config.model.readout = 'current'", "mine.py: model.readout is a group now"),
    ("config.model.conditional = True", "model.conditional is now model.order.kind"),
    ("config.train.label_smoothing = 0.1", "now train.objective.label_smoothing"),
    ("config.model.attention = 'none'", "line 4: TypeError: Could not override field 'attention'"),
  ],
)
def test_a_config_file_with_an_older_key_is_told_the_new_one(tmp_path, text, line):
  path = tmp_path / "mine.py"
  path.write_text(
    "from configs import base\ndef get_config():\n  config = base.get_config()\n"
    f"  {text}\n  return config\n"
  )
  with pytest.raises(UserError, match=re.escape(line)) as caught:
    flags.parse([f"--config={path}"])
  assert "\n" not in str(caught.value)


def test_a_point_with_an_older_key_is_told_the_new_one(tmp_path):
  path = tmp_path / "study.py"
  path.write_text("def sweep():\n  yield {'model.maxout': 64}\n")
  with pytest.raises(UserError, match=r"model\.maxout is now model\.readout\.size$"):
    sweep.read(path, base.get_config())
