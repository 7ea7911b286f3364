"""The command that trains every pair of kinds: resumed, and what it says of what did not train."""

import json

import pytest

from experiments.benchmarks import family


@pytest.fixture
def models(monkeypatch):
  """Three models for all, of which a training only says what it was asked for."""
  three, trained = family.covering()[:3], []

  def train(choice, sizes, batches, rounds):
    trained.append(choice)
    return {"loss": [3.0, 4.0, 3.5 if choice is three[1] else 2.0], "nll": [5.0, 5.0, 4.0]}

  monkeypatch.setattr(family, "covering", lambda: three)
  monkeypatch.setattr(family, "train", train)
  monkeypatch.setattr(family, "data", lambda: ((9, 9), []))
  return three, trained


def test_it_goes_on_and_says_what_did_not_train(models, tmp_path, capsys):
  (one, two, three), trained = models
  file = tmp_path / "family.jsonl"
  family.main(["--lines", str(file)])
  assert trained == [one, two, three]
  lines = [json.loads(line) for line in file.read_text().splitlines()]
  assert lines[1] == {"kinds": two, "loss": [3.0, 3.5], "nll": [5.0, 4.0]}
  said = capsys.readouterr().out
  assert "the loss of 2 of 3 models fell" in said
  assert f"not of {family.named(two)}: 3.0 -> 3.5" in said
  pair = dict(list(two.items())[:2])
  alone = "of no model with " + ", ".join(f"{key}={kind}" for key, kind in pair.items())
  assert alone in said

  text = file.read_text()
  file.write_text(text[: text.rindex('"nll"')])  # stopped while it wrote
  family.main(["--lines", str(file)])
  assert trained == [one, two, three, three]
  assert file.read_text() == text
  family.main(["--lines", str(file)])
  assert len(trained) == 4


def test_a_training_gives_a_number_for_each_round():
  sizes, batches = family.data()
  assert len(batches) == family.BATCHES
  assert len({batch.source_BxJ.shape for batch in batches}) == 1
  found = family.train(family.covering()[0], sizes, batches[:1], 2)
  assert found.keys() == {"loss", "nll"}
  assert all(len(values) == 2 and values[1] != values[0] for values in found.values())
