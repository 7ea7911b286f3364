"""A config is stored without loss and nothing impossible passes."""

import json
import re

import pytest

from configs import base
from nmt import config as config_lib
from nmt import older
from nmt.errors import UserError
from nmt.launching.fields import follow_kinds


def changed(**changes):
  config = base.get_config()
  config.update_from_flattened_dict({key.replace("__", "."): v for key, v in changes.items()})
  follow_kinds(config)
  return config


def test_load_gives_back_what_save_was_given(tmp_path):
  config = changed(data__test=("test", "long"), train__optimizer__learning_rate=2e-3)
  config_lib.save(config, tmp_path / "config.json")
  loaded = config_lib.load(tmp_path / "config.json")
  assert loaded == config
  assert type(loaded.data.test) is tuple
  config_lib.validate(loaded)


def test_keys_that_an_older_file_lacks_mean_what_was_done_without_them(tmp_path):
  path = tmp_path / "config.json"
  config_lib.save(changed(model__size=7), path)
  tree = json.loads(path.read_text())
  del tree["data"]["filter"]["max_tokens"], tree["decode"], tree["train"]["schedule"]["floor"]
  del tree["data"]["normalize"]
  path.write_text(json.dumps(tree))
  expected = changed(model__size=7, data__filter__max_tokens=0, data__normalize="none")
  assert config_lib.load(path) == expected
  config_lib.validate(config_lib.load(path))


def test_an_older_file_may_have_what_is_refused_today(tmp_path):
  config = changed(model__cell__kind="rglru", model__cell__zoneout=0.1)
  config_lib.save(config, tmp_path / "config.json")
  assert config_lib.load(tmp_path / "config.json") == config


def test_what_older_files_meant_is_said_of_keys_that_there_are():
  assert older.BEFORE.keys() <= config_lib.flatten(base.get_config()).keys()


@pytest.mark.parametrize(
  ("key", "value", "line"),
  [
    ("seed", "1", "seed='1' must be a whole number"),
    ("model", 5, "unknown config key model"),
    ("seed", {"a": 1}, "unknown config key seed.a"),
    ("sede", 1, "unknown config key sede; did you mean seed?"),
  ],
)
def test_a_hand_edited_file_is_one_line(tmp_path, key, value, line):
  path = tmp_path / "config.json"
  config_lib.save(base.get_config(), path)
  path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
  with pytest.raises(UserError, match=re.escape(f"{path}: {line}")):
    config_lib.load(path)


@pytest.mark.parametrize("text", ["", "{", "[1]", "\udcff"])
def test_a_damaged_file_is_named(tmp_path, text):
  path = tmp_path / "config.json"
  path.write_bytes(text.encode("utf-8", "surrogateescape"))
  with pytest.raises(UserError, match=re.escape(str(path))):
    config_lib.load(path)


def test_a_missing_file_is_named(tmp_path):
  with pytest.raises(UserError, match=r"config\.json: no such file"):
    config_lib.load(tmp_path / "config.json")


@pytest.mark.parametrize("key", config_lib.flatten(base.get_config()))
def test_every_key_is_checked_for_its_type_and_for_being_there(key):
  tree = base.get_config()
  *groups, last = key.split(".")
  group = tree
  for name in groups:
    group = group[name]
  with group.ignore_type():
    group[last] = None
  with pytest.raises(UserError, match=f"^{key}=None "):
    config_lib.validate(tree)
  del group[last]
  with pytest.raises(UserError, match=f"no key {key};"):
    config_lib.validate(tree)


def test_an_unknown_key_is_named_with_the_nearest():
  config = base.get_config()
  config.model.sise = 5
  with pytest.raises(
    UserError, match=r"unknown config key model\.sise; did you mean model\.size\?"
  ):
    config_lib.validate(config)


@pytest.mark.parametrize(
  ("changes", "line"),
  [
    (dict(model__size=0), "model.size=0 must be a whole number, 1 or more"),
    (dict(model__dropout__state=1.0), "at least 0 and below 1"),
    (dict(train__optimizer__learning_rate=float("nan")), "above 0"),
    (dict(train__clip=float("inf")), "0 or more"),
    (dict(seed=-1), "seed=-1"),
    (dict(data__filter__max_ratio=0.5), "1 or more, or 0"),
    (dict(data__grammar__long_words=81), "from 3 to 80"),
    (dict(data__tokenizer__dropout=0.1), "leaves out merges of bpe, but data.tokenizer.kind=words"),
    (dict(data__tokenizer__samples=2), "would all be alike: set data.tokenizer.dropout"),
    (dict(mesh__data=0), "mesh.data=0"),
    (dict(data__test=("",)), "a tuple of names"),
    (dict(model__precision="bfloat61"), "did you mean bfloat16?"),
    (dict(train__optimizer__name="adm"), "adadelta, adam, adamw, sgd; did you mean adam?"),
    (
      dict(model__tie=True),
      "model.tie needs model.readout.size == model.embedding, but they are",
    ),
    (
      dict(data__tokenizer__joint=True),
      "data.tokenizer.joint is not for data.tokenizer.kind=words",
    ),
    (dict(model__dropout__layer=0.1), "there is one: set model.cell.layers"),
    (dict(model__joint=True), "which needs data.tokenizer.joint"),
    (
      dict(model__joint=True, data__tokenizer__joint=True, train__start__source_vectors="x"),
      "set train.start.target_vectors instead of train.start.source_vectors",
    ),
    (dict(data__filter__min_words=51), "no sentence would be left"),
    (dict(data__grammar__max_words=60), "min_words <= max_words < long_words"),
    (dict(data__target="de"), "English to French"),
    (dict(data__test=("test", "log")), "no split log; it has: train valid test long"),
    (dict(data__corpus="text"), "needs data.dir"),
    (
      dict(data__corpus="text", data__dir="d", data__source="fr"),
      "data.source and data.target are both fr",
    ),
    (dict(data__corpus="text", data__url="https://x/{split}"), "lacks {language}"),
    (dict(data__normalize="nfd"), "data.normalize=nfd is not one of: nfc, none"),
    (dict(train__optimizer__weight_decay=0.1), "name=adamw, but that is adadelta"),
    (dict(train__optimizer__momentum=0.9), "name=sgd, but that is adadelta"),
    (dict(train__optimizer__batch=80, batch__tokens=4000), "set one to 0"),
    (
      dict(model__cell__kind="rglru", model__cell__zoneout=0.1),
      "model.cell.kind=rglru can't be had while model.cell.zoneout is above 0: its state also",
    ),
    (
      dict(train__schedule__name="cosine", train__schedule__warmup=10, train__updates=10),
      "leaves nothing of train.updates=10",
    ),
  ],
)
def test_what_is_impossible_is_refused_in_one_line(changes, line):
  with pytest.raises(UserError, match=re.escape(line)) as caught:
    config_lib.validate(changed(**changes))
  assert "\n" not in str(caught.value)
