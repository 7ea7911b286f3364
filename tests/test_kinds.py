"""A kind is a file in a folder: found by its name, its options are read without running it."""

import re
import textwrap

import pytest

import nmt.models.attention
from configs import base
from experiments.benchmarks import family
from nmt import config as config_lib
from nmt import kinds, refusals
from nmt.declarations import declared
from nmt.errors import UserError
from nmt.launching import flags, sweep
from nmt.models.attention.base import EnergyAttention
from nmt.models.initializers import NOTHING
from nmt.models.linear import LinearCell

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


@pytest.fixture
def add(tmp_path, monkeypatch):
  """add(name, text) puts a file into a folder of attention mechanisms outside of the package."""
  folder = tmp_path / "mechanisms"
  folder.mkdir()
  monkeypatch.setattr(
    nmt.models.attention, "__path__", [*nmt.models.attention.__path__, str(folder)]
  )

  def write(name, text):
    (folder / f"{name}.py").write_text(textwrap.dedent(text))

  return write


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


LATENT, INFERENCE = {"model.attention.kind": "latent"}, "model.attention.inference"


def test_what_does_not_fit_is_refused_with_the_reason(add):
  add("heads", HEADS)
  traits = "TRAITS = (DRAWS, NOT_ALIGNING)"
  add("dice", f'"""Dice."""\nfrom nmt.refusals import DRAWS, NOT_ALIGNING\n{traits}')
  add("timid", 'REFUSES = (refuses_values(above_0("model.cell.zoneout"), "it is timid"),)')
  attention, objective = "model.attention.kind", "train.objective.kind"
  energy, encoder, zoneout = "model.attention.energy", "model.encoder.kind", "model.cell.zoneout"
  for changes, line in (
    (
      {attention: "dice", objective: "guided"},
      f"{objective}=guided can't be had with {attention}=dice, which doesn't say by alpha where it "
      "looks: alpha is what is guided; change one of them",
    ),
    (
      {attention: "heads", energy: "dice", objective: "guided"},
      f"{objective}=guided can't be had with {energy}=dice, which doesn't",
    ),
    (
      {objective: "reinforce"},
      f"{objective}=reinforce can't be had with {attention}=additive: it rewards what was drawn; "
      f"choose {attention}=dice, hard",
    ),
    (
      {attention: "hard"},
      f"{attention}=hard can't be had with {objective}=likelihood: nothing is differentiated "
      f"through a word that is drawn; choose {objective}=reinforce",
    ),
    (
      {attention: "none", "train.objective.coverage": 1.0},
      "looks, while train.objective.coverage is above 0: ",
    ),
    (
      {attention: "dot", encoder: "embeddings"},
      "vectors, while model.embedding is no multiple of model.size: ",
    ),
    (
      LATENT | {INFERENCE: True},
      f"{objective}=likelihood while {INFERENCE} is True: no other",
    ),
    (LATENT | {objective: "variational"}, f"can't be had while {INFERENCE} is not True: that"),
    (LATENT | {"model.attention.alignment": "inference"}, f"inference and {INFERENCE} is not True"),
    (LATENT | {"model.readout.kind": "linear"}, "while model.order.kind is not update_first"),
    (LATENT | {energy: "gmm"}, f"{energy}=gmm is no kind that scores each word: choose one of"),
    (
      {attention: "timid", zoneout: 0.1},
      f"{attention}=timid can't be had while {zoneout} is above 0: it is timid; change one of them",
    ),
    (
      {attention: "mocha", energy: "dice"},
      f"{energy}=dice is no kind that scores each word: choose one of additive, ",
    ),
  ):
    with pytest.raises(UserError, match=re.escape(line)) as caught:
      flags.override_by(base.get_config(), changes)
    assert "\n" not in str(caught.value)
  for changes in (
    {attention: "dice", objective: "reinforce"},
    {attention: "timid"},
    LATENT | {INFERENCE: True, objective: "variational"},
    LATENT | {"model.readout.kind": "linear", "model.order.kind": "update_first"},
    {attention: "none", "train.objective.coverage": 0.0},
    {attention: "dot", encoder: "embeddings", "model.embedding": 2000},
  ):
    flags.override_by(base.get_config(), changes)


@pytest.mark.parametrize(
  ("text", "line"),
  [
    ("TRAITS = (SCORE,)", "TRAITS can't be read: NameError: name 'SCORE' is not defined"),
    ("TRAITS = ('scores',)", "TRAITS must be a tuple of what nmt/refusals.py has"),
    ("TRAITS = SCORES", "TRAITS must be a tuple of what nmt/refusals.py has"),
    ("REFUSES = needs('model.cell', SCORES, 'so')", "REFUSES must be a tuple of what"),
    ("REFUSES = (needs('model.sell', SCORES, 'so'),)", "REFUSES names no group: model.sell"),
  ],
)
def test_a_faulty_trait_or_refusal_is_one_line_that_names_it(add, text, line):
  add("broken", text)
  with pytest.raises(UserError, match=re.escape(line)) as caught:
    flags.override_by(base.get_config(), {"model.attention.kind": "broken"})
  assert "\n" not in str(caught.value)


def test_every_trait_is_some_kinds_and_minded_by_another():
  had, minded = set(), set()
  for group, kind in ALL:
    had |= {*kinds.traits(group, kind)}
    minded |= {refusal.trait for refusal in kinds.refusals(group, kind)} - {""}
    minded |= {option.trait for option in kinds.options(group, kind).values()} - {""}
  looked_up = {refusals.SPENDS}  # by what makes weights of energies
  assert had == minded | looked_up == {*refusals.TRAITS}


def _written(mechanism):
  """What a mechanism, or one that it is made of, writes itself."""
  bases = [c for c in mechanism.__mro__ if not c.__module__.endswith("base")]
  return {name for c in bases for name in vars(c)} if issubclass(mechanism, EnergyAttention) else {}


def test_traits_are_what_the_classes_do():
  mechanisms = kinds.names("model.attention")
  classes = {kind: kinds.find("model.attention", kind).Attention for kind in mechanisms}
  scoring = {kind for kind, own in classes.items() if "energies" in _written(own)}
  assert scoring == {*kinds.names("model.attention", refusals.SCORES)}
  cells = {kind: kinds.find("model.cell", kind).Cell for kind in kinds.names("model.cell")}
  without = {kind for kind, cell in cells.items() if issubclass(cell, LinearCell)} | {"sru"}
  assert without == {*kinds.names("model.cell", refusals.NO_PRODUCT)}
  encoders = {k: kinds.find("model.encoder", k).Encoder for k in kinds.names("model.encoder")}
  for kind, encoder in encoders.items():
    section = family.config({"model.encoder.kind": kind}).model
    section.update(size=3, embedding=4)
    made = encoder(section, 5, NOTHING)
    assert (made.forward_width == 0) == (refusals.NO_READER in kinds.traits("model.encoder", kind))
    assert (made.width == 4) == (refusals.WORD_WIDE in kinds.traits("model.encoder", kind))
