"""A kind is a file in a folder: found by its name, its options are read without running it."""

import re

import pytest

from configs import base
from nmt import config as config_lib
from nmt import kinds
from nmt.declarations import declared
from nmt.errors import UserError
from nmt.launching import flags, sweep

GROUP = "model.attention"

HEADS = """
'''Several of another kind side by side.

More about it.
'''

from nmt.options import count, kind

OPTIONS = {"heads": count(4, "looks a step"), "energy": kind("additive", "what each look is")}
MARK = "several"
"""

ALL = [(group, kind) for group in kinds.PACKAGES for kind in kinds.names(group)]


@pytest.mark.parametrize(("group", "kind"), ALL)
def test_every_kind_declares_defaults_that_it_may_have_and_says_what_they_mean(group, kind):
  assert kinds.summary(group, kind)
  for name, option in kinds.options(group, kind).items():
    option.check(name, option.default)
    assert option.help
    assert "\n" not in option.help
  assert declared({f"{group}.kind": kind}).keys() >= {
    f"{group}.{name}" for name in kinds.options(group, kind)
  }


@pytest.mark.parametrize(("group", "kind"), ALL)
def test_a_kind_declares_what_its_module_has(group, kind):
  module = kinds.find(group, kind)
  assert getattr(module, "OPTIONS", {}).keys() == kinds.options(group, kind).keys()


def test_helpers_are_no_kinds(add):
  add("_helper", "")
  add("base", "")
  assert kinds.names(GROUP) == sorted(kinds.names(GROUP))
  assert not {"base", "_helper", "__init__"} & set(kinds.names(GROUP))
  with pytest.raises(UserError, match=r"^model\.attention\.kind=base is not one of: additive, "):
    kinds.find(GROUP, "base")


def test_a_file_is_all_that_a_new_kind_takes(add, tmp_path):
  add("heads", HEADS)
  assert "heads" in kinds.names(GROUP)
  assert kinds.summary(GROUP, "heads") == "Several of another kind side by side."
  assert kinds.find(GROUP, "heads").MARK == "several"
  chosen = "--config.model.attention.kind=heads"
  given = ["--config=configs/base.py", "--config.model.attention.heads=2", chosen]
  found = flags.parse(given).config
  expected = dict(kind="heads", heads=2, energy="additive", size=1000)
  assert found.model.attention.to_dict() == expected
  config_lib.save(found, tmp_path / "config.json")
  assert config_lib.load(tmp_path / "config.json").to_dict() == found.to_dict()


def test_the_options_of_a_kind_that_another_names_are_those_of_that_kind(add):
  add("heads", HEADS)
  start = ["--config=configs/base.py", "--config.model.attention.kind=heads"]
  found = flags.parse([*start, "--config.model.attention.size=7"]).config
  assert found.model.attention.size == 7
  found = flags.parse([*start, "--config.model.attention.energy=none"]).config
  assert found.model.attention.to_dict() == dict(kind="heads", heads=4, energy="none")
  for flag, line in (
    (
      "size=7",
      "model.attention.energy=none has no option size (it has: heads, energy)",
    ),
    ("energy=non", "model.attention.energy=non is not one of: additive, "),
    ("energy=heads", "energy=heads can't be used here: there is a model.attention.heads already"),
    ("heads=0", "model.attention.heads=0 must be a whole number, 1 or more"),
    ("heds=2", "unknown config key model.attention.heds; did you mean model.attention.heads?"),
  ):
    with pytest.raises(UserError, match=re.escape(line)):
      flags.parse([*start, "--config.model.attention.energy=none", f"--config.{GROUP}.{flag}"])


def test_the_energy_of_an_energy_is_an_option_of_its_own(tmp_path):
  start = ["--config=configs/base.py", "--config.model.attention.kind=hard"]
  start += ["--config.train.objective.kind=reinforce", "--config.model.attention.energy=forward"]
  found = flags.parse([*start, "--config.model.attention.inner_energy=dot"]).config
  expected = dict(entropy=0.01, expected=0.5, energy="forward", agent=0, inner_energy="dot")
  assert found.model.attention.to_dict() == dict(kind="hard", **expected)
  config_lib.save(found, tmp_path / "config.json")
  assert config_lib.load(tmp_path / "config.json").to_dict() == found.to_dict()
  for flag, line in (
    ("inner_energy=dott", "inner_energy=dott is not one of: additive, "),
    ("energy=dot", "model.attention.energy=dot has no option inner_energy"),
  ):
    with pytest.raises(UserError, match=re.escape(line)):
      flags.parse([*start, "--config.model.attention.inner_energy=dot", f"--config.{GROUP}.{flag}"])


def test_a_file_is_read_and_not_run(add):
  add("heavy", 'raise RuntimeError\nOPTIONS: dict = {"size": count(1000, "units")}')
  assert kinds.options(GROUP, "heavy")["size"].default == 1000
  add("heavy", 'OPTIONS = {"scale": switch(True, "divide")}')
  assert kinds.options(GROUP, "heavy")["scale"].default is True


@pytest.mark.parametrize(
  ("text", "line"),
  [
    ("OPTIONS = {", "broken.py: OPTIONS can't be read: SyntaxError"),
    ("OPTIONS = {'size': SIZE}", "OPTIONS can't be read: NameError: name 'SIZE' is not defined"),
    ("OPTIONS = {'size': 5}", "broken.py: OPTIONS must be a dict of options by name"),
    ("OPTIONS = ['size']", "broken.py: OPTIONS must be a dict of options by name"),
    ("OPTIONS = {'size': count(64, 'u')}", "model.attention.size has two defaults in the kinds of"),
    (
      "OPTIONS = {'kind': count(64, 'u')}",
      "broken can't be used here: there is a model.attention",
    ),
  ],
)
def test_a_faulty_declaration_is_one_line_that_names_it(add, text, line):
  add("broken", text)
  with pytest.raises(UserError, match=re.escape(line)) as caught:
    declared({"model.attention.kind": "broken"})
  assert "\n" not in str(caught.value)


CHOOSING = """
from configs import base

VARIANTS = ("heads", "other", "wrong", "text", "misspelt")

def get_config(variant):
  config = base.get_config()
  attention = config.model.attention
  attention.kind = "additive" if variant == "other" else "heads"
  attention.heads = {"wrong": 0, "text": "8"}.get(variant, 8)
  attention.size = config.model.get_ref("size") // 2
  if variant == "misspelt":
    attention.energie = "additive"
  return config
"""


def test_a_config_file_may_hold_options_for_any_kind(add, tmp_path):
  add("heads", HEADS)
  path = tmp_path / "mine.py"
  path.write_text(CHOOSING)

  def attention(variant, *arguments):
    arguments = [f"--config.{argument}" for argument in arguments]
    return flags.parse([f"--config={path}:{variant}", *arguments]).config.model.attention.to_dict()

  expected = dict(kind="heads", heads=8, energy="additive", size=500)
  assert attention("heads") == expected
  assert attention("heads", "model.size=6", "model.attention.heads=2") == expected | dict(
    heads=2, size=3
  )
  assert attention("heads", "model.attention.kind=none") == dict(kind="none")
  assert attention("other") == dict(kind="additive", size=500)
  assert attention("other", "model.attention.kind=heads") == expected
  for variant, line in (
    ("wrong", "model.attention.heads=0 must be a whole number, 1 or more"),
    ("text", "model.attention.heads='8' must be a whole number, 1 or more"),
    (
      "misspelt",
      "unknown config key model.attention.energie; did you mean model.attention.en",
    ),
  ):
    with pytest.raises(UserError, match=re.escape(line)):
      attention(variant)
  line = "model.attention.kind=none has no option heads (it has none)"
  with pytest.raises(UserError, match=re.escape(line)):
    attention("heads", "model.attention.heads=2", "model.attention.kind=none")


def test_a_point_chooses_kinds_before_their_options(add, tmp_path):
  add("heads", HEADS)
  path = tmp_path / "study.py"
  rows = [
    {"model.attention.heads": 2, "model.attention.kind": "heads"},
    {"model.attention.kind": "none"},
    {"model.attention.size": 9},
  ]
  path.write_text(f"def sweep():\n  return {rows!r}\n")
  found = sweep.read(path, flags.load("configs/quickstart.py")).points
  assert [point.model.attention.to_dict() for point in found.values()] == [
    dict(kind="heads", heads=2, energy="additive", size=128),
    dict(kind="none"),
    dict(kind="additive", size=9),
  ]
  for row, line in (
    ({"model.attention.kind": "none", "model.attention.size": 9}, "kind=none has no option size"),
    ({"model.attention.kind": "hard"}, "kind=hard can't be had with train.objective.kind="),
    ({"model.attention.kind": None}, "model.attention.kind=None is not one of: additive, "),
    ({"model.attention.kind": "heads", "model.attention.heads": "2"}, "'2' is not of type int"),
  ):
    path.write_text(f"def sweep():\n  return [{row!r}]\n")
    with pytest.raises(UserError, match=re.escape(line)):
      sweep.read(path, base.get_config())
