"""The study of alignment: both directions are read as (English, French) and put together."""

import json

import numpy as np
import pytest

from experiments import aer
from nmt.config import save
from nmt.decoding.forced import Forced
from nmt.evaluation import attention
from nmt.launching import flags

ENGLISH, FRENCH = ["a b c", "a b"], ["C A B", "A B"]
GOLD = ["0-1 1-2 2-0", "0-0 1-1"]
WRONG = {"from fr": 1}  # the pair of which all links of that direction are wrong


def lines(path):
  return [json.loads(line) for line in path.read_text().splitlines()]


def looked(source: list[str], target: list[str], wrong: bool) -> Forced:
  """All weight on the word that is the same but for its case, or on the one after it.

  Words that are looked at rightly had a probability of 0.9, others of 0.05.
  """
  alpha_TxJ = np.zeros((len(target) + 1, len(source) + 1))
  for i, word in enumerate(target):
    same = [other.lower() for other in source].index(word.lower())
    alpha_TxJ[i, (same + wrong) % len(source)] = 1
  return Forced(np.full(len(target) + 1, np.log(0.05 if wrong else 0.9)), alpha_TxJ)


@pytest.fixture
def study(tmp_path, monkeypatch):
  """A run of each direction whose model looks where `looked` says."""
  folder = tmp_path / "data" / aer.FILES
  folder.mkdir(parents=True)
  for name, texts in {"test.en": ENGLISH, "test.fr": FRENCH, "gold.0idx": GOLD}.items():
    (folder / name).write_text("\n".join(texts) + "\n")
  (folder / "other.forward.talp").write_text("\n".join(GOLD) + "\n")
  workdirs = {}
  for source in ("en", "fr"):
    run = tmp_path / "W" / source
    run.mkdir(parents=True)
    config = flags.load("configs/europarl.py")
    config.data.source, config.data.dir = source, str(tmp_path / "data")
    save(config, run / "config.json")
    workdirs[source] = run

  def pieces(run, source, target):
    places = [*range(len(source))], [*range(len(target))]
    ids = [*map(ord, source)], [*map(ord, target)]
    return attention.Pieces(source, target, ids, *places)

  def force(run, pairs):
    for number, (source, target) in enumerate(pairs):
      words = [*map(chr, source)], [*map(chr, target)]
      yield looked(*words, wrong=WRONG.get(f"from {run.name}") == number)

  monkeypatch.setattr("nmt.loading.load", lambda run: run)
  monkeypatch.setattr("nmt.loading.posterior", lambda run: run.with_name("known"))
  monkeypatch.setattr(attention, "pieces", pieces)
  monkeypatch.setattr("nmt.decoding.forced.force", force)
  return workdirs


def test_directions_are_turned_alike_and_put_together(study, capsys):
  aer.report(study)
  place = study["en"].parent
  rows = lines(place / "aer_links.jsonl")
  found = {(row["method"], row["links"]): row for row in rows}
  for method in ("alpha, agreement", "alpha, argmax", "alpha, threshold"):
    assert found[method, "from en"]["score"] == 0
    assert found[method, "from fr"]["score"] == pytest.approx(100 * 2 / 5)
    assert found[method, "intersection"]["recall"] == pytest.approx(100 * 3 / 5)
    assert found[method, "intersection"]["precision"] == 100
    assert found[method, "union"]["recall"] == 100
    assert found[method.replace("alpha", "posterior"), "from fr"]["score"] == 0
  assert found["other", "forward"] == found["alpha, argmax", "from en"] | {
    "method": "other",
    "links": "forward",
  }
  foreseen = lines(place / "aer_foreseen.jsonl")
  assert {
    tuple(row[key] for key in ("weights", "links", "to", "words", "score")) for row in foreseen
  } == {
    ("alpha", "from en", 1.0, 5, 100),
    ("alpha", "from fr", 1.0, 3, 100),
    ("alpha", "from fr", 0.1, 2, 0),
    ("posterior", "from en", 1.0, 5, 100),
    ("posterior", "from fr", 1.0, 3, 100),
    ("posterior", "from fr", 0.1, 2, 100),
  }
  assert (place / "aer.png").stat().st_size > 1000
  assert "from fr" in capsys.readouterr().out
