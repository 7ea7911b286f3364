"""The exported file holds the documented names and shapes, and the run's numbers."""

import re
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
import pytest
from safetensors import safe_open

from configs.base import get_config
from nmt import export, loading, models
from nmt.errors import UserError
from nmt.launching import flags

TABLE = Path(__file__).parents[1] / "docs" / "weights.md"
VALUES = {"Vx": 11, "Vy": 13, "n": 6, "m": 5, "l": 4, "a": 7, "1": 1}
DEFAULTS = {"d": 10, "k": 10, "r": 11, "longest": 100}


@pytest.fixture
def config():
  config = get_config()
  config.model.update(size=VALUES["n"], embedding=VALUES["m"])
  config.model.readout.size = VALUES["l"]
  config.model.attention.size = VALUES["a"]
  return config


def sizes(shape, **more):
  """The numbers of a shape such as `n, 3n`."""
  values = VALUES | DEFAULTS | {"D": 2 * VALUES["n"]} | more

  def number(term):
    if term.isdigit():
      return int(term)
    factor, name = re.fullmatch(r"(\d*)(\w+)", term).groups()
    return int(factor or 1) * values[name]

  return tuple(number(term) for term in shape.strip().split(", "))


def documented(kind, conditional=False):
  D = VALUES["n"] if kind == "none" else 2 * VALUES["n"]
  rows = re.findall(r"^\| `([\w.]+)` \| ([^|]+) \|", TABLE.read_text(), flags=re.MULTILINE)

  return {
    name: sizes(shape, D=D)
    for name, shape in rows
    if conditional or not name.startswith("decoder.second.")
  }


@pytest.mark.parametrize(("kind", "conditional"), [("additive", True), ("none", False)])
def test_the_table_lists_what_there_is(config, kind, conditional):
  config.model.attention.kind = kind
  config.model.order.kind = "conditional" if conditional else "attend_first"
  expected = {
    name: shape
    for name, shape in documented(kind, conditional).items()
    if kind == "additive" or not name.startswith("decoder.attention.")
  }
  found = models.flat(models.shapes(config.model, VALUES["Vx"], VALUES["Vy"]))
  assert {name: leaf.shape for name, leaf in found.items()} == expected


def test_the_table_of_other_kinds_is_true(config):
  rows = re.findall(r"^\| `(\w[^`]+=[^`]+)` \| `([\w.]+)` \| ([^|]+) \|", TABLE.read_text(), re.M)
  assert len(rows) > 10
  for settings, name, shape in rows:
    changes = {}
    for key, value in (setting.split("=") for setting in settings.split(", ")):
      choice = {"True": True}.get(value, int(value) if value.isdigit() else value)
      changes[f"model.{key}"] = choice
    if "model.joint" in changes:
      changes |= {"data.tokenizer.kind": "bpe", "data.tokenizer.joint": True}
    if "hard" in changes.values():
      changes["train.objective.kind"] = "reinforce"
    if changes.get("model.attention.inference"):
      changes["train.objective.kind"] = "variational"
    chosen = flags.override_by(config, changes)
    source_size = VALUES["Vy"] if chosen.model.joint else VALUES["Vx"]
    found = models.flat(models.shapes(chosen.model, source_size, VALUES["Vy"]))
    assert found[name].shape == sizes(shape), (settings, name)


def test_a_tied_model_has_no_word_vectors_of_its_own_in_the_readout(config):
  config.model.tie, config.model.readout.size = True, VALUES["m"]
  tied = models.flat(models.shapes(config.model, VALUES["Vx"], VALUES["Vy"]))
  assert set(documented("additive")) - set(tied) == {"decoder.readout.W_o"}


def test_the_file_holds_the_runs_numbers(config, tmp_path, monkeypatch):
  params = models.init(config.model, VALUES["Vx"], VALUES["Vy"], seed=1)
  trained = SimpleNamespace(config=config, params=params, update=70)
  monkeypatch.setattr(loading, "load", lambda workdir, which: trained)
  out = tmp_path / "weights.safetensors"
  out.write_text("an older file is replaced")
  assert export.main(["--workdir", str(tmp_path), "--out", str(out)]) == 0
  with safe_open(out, "numpy") as file:
    assert file.metadata() == {"config": config.to_json(), "update": "70"}
    for name, leaf in models.flat(params).items():
      np.testing.assert_array_equal(file.get_tensor(name), leaf)
    assert len(file.keys()) == len(jax.tree.leaves(params))
  assert list(tmp_path.iterdir()) == [out]


def test_a_place_that_cannot_hold_a_file_is_named(tmp_path):
  with pytest.raises(UserError, match="there is no folder"):
    export.main(["--workdir", "w", "--out", str(tmp_path / "missing" / "f.safetensors")])
  with pytest.raises(UserError, match="is a folder"):
    export.main(["--workdir", "w", "--out", str(tmp_path)])
