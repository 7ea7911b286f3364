"""What does not fit together is declared by the kinds, and refused before anything runs."""

import re

import pytest

from configs import base
from experiments.benchmarks import family
from nmt import kinds, refusals
from nmt.errors import UserError
from nmt.launching import flags
from nmt.models.attention.base import EnergyAttention
from nmt.models.initializers import NOTHING
from nmt.models.linear import LinearCell

ALL = [(group, kind) for group in kinds.PACKAGES for kind in kinds.names(group)]
HEADS = 'OPTIONS = {"heads": count(4, "looks"), "energy": kind("additive", "what each look is")}'
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
