import json
import unicodedata

import jax.numpy as jnp
import pytest

from nmt import evaluate
from nmt.data.normalization import Normalized
from nmt.data.words import Words
from nmt.errors import UserError


@pytest.fixture
def files(tmp_path, monkeypatch, run):
  monkeypatch.setattr("nmt.run.load", lambda workdir, which: run)
  (tmp_path / "s.fr").write_text("le chat dort ici .\nun petit chat dort .\n")
  (tmp_path / "r.fr").write_text("le chat dort ici.\nun petit chat noir.\n")
  return tmp_path


def test_two_files_are_scored_beside_the_run(files, capsys):
  named = ["--source", f"{files}/s.fr", "--reference", f"{files}/r.fr"]
  assert evaluate.main(["--workdir", f"{files}/W", *named, "--json", f"{files}/scores"]) == 0
  assert "BLEU, lower-cased" in capsys.readouterr().out
  scores = json.loads((files / "scores").read_text())
  assert scores == json.loads((files / "W" / "test" / "s.fr.json").read_text())
  assert scores["sentences"] == 2
  assert 30 < scores["bleu"]["score"] < 100


def test_splits_of_the_config_are_scored_without_files(files, run, capsys):
  run.config.data.update(
    {"corpus": "text", "dir": f"{files}/data", "url": "", "cache": f"{files}/cache"}
  )
  run.config.data.update({"source": "fr", "target": "en", "test": ("one", "two")})
  (files / "data").mkdir()
  for split in ("one", "two"):
    for language in ("fr", "en"):
      (files / "data" / f"{split}.{language}").write_text("le chat dort ici .\n")
  assert evaluate.main(["--workdir", f"{files}/W", "--beam", "1"]) == 0
  for split in ("one", "two"):
    scores = json.loads((files / "W" / "test" / f"{split}.json").read_text())
    assert scores["decode"]["beam"] == 1
    assert scores["split"] == split


@pytest.mark.parametrize(
  ("more", "message"),
  [
    (["--source", "{}/s.fr"], "go together"),
    (["--source", "{}/s.fr", "--reference", "{}/none"], "cannot read .*none"),
    (["--source", "{}/s.fr", "--reference", "{}/long"], "has 2 lines but .*long has 3"),
    (["--source", "{}/s.fr", "--reference", "{}/r.fr", "--beam", "0"], "at least 1"),
    (["--source", "{}/s.fr", "--reference", "{}/r.fr", "--split", "test"], "leave out --source"),
  ],
)
def test_mistakes_are_named(files, more, message):
  (files / "long").write_text("a\nb\nc\n")
  with pytest.raises(UserError, match=message):
    evaluate.main(["--workdir", f"{files}/W", *(word.format(files) for word in more)])


def test_crlf_byte_order_marks_and_decomposed_accents_score_alike(files, run):
  run.source = run.target = Normalized(Words("fr", ["l'", "été", "où", "là", "es", "tu", "."]))
  run.params["unit"] = jnp.zeros(run.source.size)
  found = []
  for form, mark, end in (("NFC", "", "\n"), ("NFD", "\ufeff", "\r\n")):
    for name, text in (("s.fr", "où es tu l'été .\nlà .\n"), ("r.fr", "où es tu l'été.\nlà.\n")):
      text = mark + unicodedata.normalize(form, text).replace("\n", end)
      (files / name).write_bytes(text.encode())
    named = ["--source", f"{files}/s.fr", "--reference", f"{files}/r.fr"]
    evaluate.main(["--workdir", f"{files}/W", *named, "--json", f"{files}/scores"])
    scores = json.loads((files / "scores").read_text())
    del scores["seconds_translating"]
    found.append(scores)
  assert found[0] == found[1]
  assert found[0]["bleu"]["score"] == pytest.approx(100)
