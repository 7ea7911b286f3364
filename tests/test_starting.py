"""A run starts from another one's parameters, and from given word vectors."""

import json
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from nmt import loading, models, starting
from nmt.data.words import Words
from nmt.errors import UserError
from nmt.workdir import Workdir


@pytest.fixture
def run(first):
  return loading.load(first / "run")


@pytest.fixture
def start(run, tmp_path):
  """start(shortlist of the target, **train.start) -> parameters by name, before and after."""

  def begin(shortlist, **changes):
    config = run.config.copy_and_resolve_references()
    config.seed = 77
    config.train.start.update(**changes)
    target = Words("fr", shortlist)
    home = Workdir(tmp_path / "new")
    home.make()
    prepared = SimpleNamespace(source=run.source, target=target)
    drawn = models.flat(models.init(config.model, run.source.size, target.size, 77))
    params = starting.parameters(config, home, prepared, starting.other(config, home))
    found = None if params is None else jax.device_get(models.flat(params))
    return {name: np.array(leaf) for name, leaf in drawn.items()}, found

  return begin


def test_a_run_of_another_vocabulary(run, start, first, capsys):
  words = run.target.pieces(range(4, run.target.size))
  theirs = jax.device_get(models.flat(run.params))
  drawn, found = start(["inconnu", *reversed(words)], run=str(first / "run"))
  tables = {"decoder.E_y", "decoder.readout.W_o", "decoder.readout.b_o"}
  for name, array in found.items():
    expected = theirs[name]
    if name in tables:
      expected = np.concatenate([expected[:4], drawn[name][4:5], expected[:3:-1]])
    np.testing.assert_array_equal(array, expected, err_msg=name)
  said = capsys.readouterr().err
  assert f"decoder.E_y: {len(words)} of {len(words) + 1} words are there too" in said
  kept = json.loads((first / "new" / "start.json").read_text())["run"]
  assert kept["update"] == run.update
  assert kept["words"]["decoder.E_y"] == [len(words), len(words) + 1]


def test_each_seed_may_start_from_a_run_of_its_own(start, first):
  (first / "run").rename(first / "run,seed=77")
  found = start(["inconnu"], run=str(first / "run,seed={seed}"))[1]
  assert found is not None
  kept = json.loads((first / "new" / "start.json").read_text())["run"]
  assert kept["path"] == str(first / "run,seed=77")


def test_given_vectors_come_last_and_touch_nothing_else(run, start, first, tmp_path, capsys):
  (word, other), m = run.target.pieces([4, 5]), run.config.model.embedding
  (tmp_path / "fr.vec").write_text(f"{word} {' '.join(['3'] * m)}\n")
  path = str(tmp_path / "fr.vec")
  drawn, found = start([other, word], target_vectors=path)
  drawn["decoder.E_y"][5] = 3
  jax.tree.map(np.testing.assert_array_equal, found, drawn)
  assert f"start: decoder.E_y: 1 of 2 words are in {path}" in capsys.readouterr().err
  _, both = start([other, word], target_vectors=path, run=str(first / "run"))
  np.testing.assert_array_equal(both["decoder.E_y"][5], found["decoder.E_y"][5])
  np.testing.assert_array_equal(both["decoder.E_y"][4], run.params["decoder"]["E_y"][5])
  assert start([other, word])[1] is None


def test_what_can_not_be_started_from_is_said(run, start, first, tmp_path):
  file, m = tmp_path / "x.vec", run.config.model.embedding
  file.write_text("le 1 2\n")
  for changes, said in (
    ({"run": str(tmp_path / "none")}, r"train\.start\.run: workdir .*none: no such folder"),
    ({"run": str(tmp_path / "new")}, r"train\.start\.run=.*new is this run itself"),
    ({"source_vectors": str(tmp_path)}, r"train\.start\.source_vectors=.*: no such file"),
    ({"source_vectors": str(file)}, rf"has 2 numbers a word, but model\.embedding is {m}"),
  ):
    with pytest.raises(UserError, match=said):
      start(["le"], **changes)
  file.write_text(f"zzz {' '.join(['1'] * m)}\n")
  with pytest.raises(UserError, match=r"x\.vec has none of the 1 words of the vocabulary, such as"):
    start(["le"], target_vectors=str(file))
  for group in (run.config.model, run.config.model.attention, run.config.model.readout):
    group.size += 1
  run.config.model.embedding += 1
  with pytest.raises(UserError, match="none of its parameters fits this model"):
    start(["zzz"], run=str(first / "run"))
