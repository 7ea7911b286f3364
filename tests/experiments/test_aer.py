"""The study of alignment: both directions are read as (English, French) and put together."""

import json

import numpy as np
import pytest

from experiments import aer
from nmt.config import save
from nmt.evaluation import attention
from nmt.launching import flags

ENGLISH, FRENCH = ["a b c", "a b"], ["B A C", "A B"]
GOLD = ["0-1 1-0 2-2", "0-0 1-1"]
WRONG = {"from fr": 1}  # the pair of which all links of that direction are wrong


def weights(source: list[str], target: list[str], wrong: bool) -> attention.Aligned:
  """All weight on the word that is the same but for its case, or on the one after it."""
  alpha_TxJ = np.zeros((len(target) + 1, len(source) + 1))
  for i, word in enumerate(target):
    same = [other.lower() for other in source].index(word.lower())
    alpha_TxJ[i, (same + wrong) % len(source)] = 1
  return attention.Aligned(source, target, alpha_TxJ)


@pytest.fixture
def study(tmp_path, monkeypatch):
  """A run of each direction whose model looks where `weights` says."""
  folder = tmp_path / "data" / aer.FILES
  folder.mkdir(parents=True)
  for name, lines in {"test.en": ENGLISH, "test.fr": FRENCH, "gold.0idx": GOLD}.items():
    (folder / name).write_text("\n".join(lines) + "\n")
  (folder / "other.forward.talp").write_text("\n".join(GOLD) + "\n")
  workdirs = {}
  for source in ("en", "fr"):
    run = tmp_path / "W" / source
    run.mkdir(parents=True)
    config = flags.load("configs/europarl.py")
    config.data.source, config.data.dir = source, str(tmp_path / "data")
    save(config, run / "config.json")
    workdirs[source] = run

  def align(run, pairs):
    for number, (source, target) in enumerate(pairs):
      yield weights(source, target, wrong=WRONG.get(f"from {run.name}") == number)

  monkeypatch.setattr("nmt.loading.load", lambda run: run)
  monkeypatch.setattr(attention, "align", align)
  return workdirs


def test_directions_are_turned_alike_and_put_together(study, capsys):
  aer.report(study)
  place = study["en"].parent
  rows = [json.loads(line) for line in (place / "aer.jsonl").read_text().splitlines()]
  found = {(row["method"], row["links"]): row for row in rows}
  for method in ("agreement", "argmax", "threshold"):
    assert found[method, "from en"]["aer"] == 0
    assert found[method, "from fr"]["aer"] == pytest.approx(100 * 2 / 5)
    assert found[method, "intersection"]["recall"] == pytest.approx(100 * 3 / 5)
    assert found[method, "intersection"]["precision"] == 100
    assert found[method, "union"]["recall"] == 100
  assert found["other", "forward"] == found["argmax", "from en"] | {
    "method": "other",
    "links": "forward",
  }
  assert (place / "aer.png").stat().st_size > 1000
  assert "from fr" in capsys.readouterr().out
