import json
import unicodedata
from pathlib import Path

import jax.numpy as jnp
import pytest
from rich.table import Table
from sacrebleu.metrics import BLEU

from nmt import align, cli, evaluate, translate
from nmt import config as config_lib
from nmt.data.pair import Pair
from nmt.data.tokenizers import Normalized
from nmt.data.units import Characters
from nmt.data.words import Words
from nmt.decoding import translator
from nmt.errors import UserError
from nmt.evaluation import bleu, results
from nmt.evaluation.report import report


@pytest.fixture
def files(tmp_path, monkeypatch, run):
  monkeypatch.setattr("nmt.loading.load", lambda workdir, which: run)
  (tmp_path / "s.fr").write_text("le chat dort ici .\nun petit chat dort .\n")
  (tmp_path / "r.fr").write_text("le chat dort ici.\nun petit chat noir.\n")
  return tmp_path


def test_two_files_are_scored_apart_from_the_run(files, run, capsys):
  test = files / "W" / "test"
  test.mkdir(parents=True)
  (test / "s.fr.json").write_text("the run's own")
  named = ["--source", f"{files}/s.fr", "--reference", f"{files}/r.fr"]
  assert evaluate.main(["--workdir", f"{files}/W", *named, "--json", f"{files}/scores"]) == 0
  assert "BLEU, lower-cased" in capsys.readouterr().out
  scores = json.loads((files / "scores").read_text())
  assert scores["sentences"] == 2
  assert 30 < scores["bleu"]["score"] < 100
  assert (test / "s.fr.json").read_text() == "the run's own"
  (first,) = (files / "W" / "evaluations").iterdir()
  assert json.loads((first / "s.fr.json").read_text()) == scores

  # Another file of the same name, and the same one with other settings, go beside it.
  (files / "s.fr").write_text("le chat dort .\nun petit chat .\n")
  evaluate.main(["--workdir", f"{files}/W", *named])
  evaluate.main(["--workdir", f"{files}/W", *named, "--beam", "1", "--which", "last"])
  run.update = 101  # a better one has come meanwhile
  evaluate.main(["--workdir", f"{files}/W", *named])
  assert len(list((files / "W" / "evaluations").iterdir())) == 4
  assert json.loads((first / "s.fr.json").read_text()) == scores


@pytest.fixture
def splits(files, run):
  run.config.data.update(
    {"corpus": "text", "dir": f"{files}/data", "url": "", "cache": f"{files}/cache"}
  )
  run.config.data.update({"source": "fr", "target": "en", "test": ("one", "in/a+in/b")})
  (files / "data" / "in").mkdir(parents=True)
  for split in ("one", "in/a", "in/b"):
    for language in ("fr", "en"):
      (files / "data" / f"{split}.{language}").write_text("le chat dort ici .\n")
  return files / "W"


def test_test_splits_are_written_where_training_writes_them(splits, run):
  assert evaluate.main(["--workdir", str(splits)]) == 0
  assert not (splits / "evaluations").exists()
  own = {path: path.read_bytes() for path in (splits / "test").iterdir()}
  names = {path.name for path in own}
  assert {"one.json", "in%2Fa+in%2Fb.json", "in%2Fa+in%2Fb.hypotheses"} <= names
  scores = json.loads((splits / "test" / "in%2Fa+in%2Fb.json").read_text())
  assert (scores["split"], scores["sentences"]) == ("in/a+in/b", 2)

  # With other settings, or of another split, they go elsewhere.
  evaluate.main(["--workdir", str(splits), "--split", "one", "--beam", "1"])
  evaluate.main(["--workdir", str(splits), "--split", "in/a"])
  found = {path.relative_to(splits) for path in (splits / "evaluations").rglob("*.json")}
  assert {str(path) for path in found} == {
    "evaluations/update=100,beam=1/one.json",
    "evaluations/update=100/in%2Fa.json",
  }
  # So do those of another checkpoint, such as the last whole one where the best is damaged.
  run.update = 50
  evaluate.main(["--workdir", str(splits), "--split", "one"])
  assert (splits / "evaluations" / "update=50" / "one.json").exists()
  assert {path: path.read_bytes() for path in own} == own


def test_a_place_is_chosen_and_checked_before_anything_is_translated(splits, monkeypatch):
  assert evaluate.main(["--workdir", str(splits), "--out", str(splits / "o")]) == 0
  assert (splits / "o" / "one.json").exists()
  with pytest.raises(
    UserError, match=r"one\.json: results are there already; choose another --out"
  ):
    evaluate.main(["--workdir", str(splits), "--out", str(splits / "o"), "--beam", "1"])
  with pytest.raises(UserError, match="--max-ratio: 0 is not a number above 0"):
    evaluate.main(["--workdir", str(splits), "--max-ratio", "0"])
  (splits / "file").write_text("")
  monkeypatch.setattr("nmt.decoding.translator.Translator.translate", None)
  with pytest.raises(UserError, match=r"file/o can't be written .*; choose another --out"):
    evaluate.main(["--workdir", str(splits), "--out", str(splits / "file" / "o")])
  splits.joinpath("test").write_text("")
  with pytest.raises(UserError, match="test can't be written"):
    evaluate.main(["--workdir", str(splits)])


def test_results_that_can_not_be_written_are_kept_and_shown(splits, monkeypatch, capsys):
  def full(folder, split, *_):
    if folder == splits / "o" and split == "one":
      raise OSError(28, "No space left on device", str(folder))
    return write(folder, split, *_)

  write = results.write
  monkeypatch.setattr(results, "write", full)
  monkeypatch.setattr("tempfile.tempdir", str(splits.parent))
  more = ["--out", str(splits / "o"), "--json", str(splits.parent / "scores")]
  with pytest.raises(UserError, match="No space left on device; they are in ") as caught:
    evaluate.main(["--workdir", str(splits), *more])
  assert capsys.readouterr().out.count("chrF:") == 2
  assert (Path(str(caught.value).rsplit(" ", 1)[1]) / "one.hypotheses").exists()
  # The other split and the scores of both are where they were asked for.
  assert (splits / "o" / "in%2Fa+in%2Fb.hypotheses").exists()
  scores = json.loads((splits.parent / "scores").read_text())
  assert [found["split"] for found in scores] == ["one", "in/a+in/b"]


def test_splits_have_names_of_their_own():
  names = ["a", "a/b", "a%2Fb", "a+b", ".a", "..", "%2Ea", "é" * 200, "é" * 201]
  stems = [results.stem(name) for name in names]
  assert len(set(stems)) == len(names)
  assert all(
    "/" not in stem and stem[0] != "." and len(f"{stem}.hypotheses".encode()) < 256
    for stem in stems
  )


@pytest.mark.parametrize(
  ("language", "name"),
  [("zh", "zh"), ("zh-CN", "zh"), ("th", "char"), ("de", "13a"), ("ja", "char"), ("ko", "char")],
)
def test_bleu_follows_the_language(run, language, name):
  run.config.data.target = language
  assert bleu.tokenizer(run.config) in (name, f"{language}-mecab")
  run.config.evaluation.tokenizer = "intl"
  assert bleu.tokenizer(run.config) == "intl"


def test_a_tokenizer_that_is_asked_for_and_not_installed_is_named(run, monkeypatch):
  run.config.evaluation.tokenizer = "ja-mecab"
  monkeypatch.setattr("sacrebleu.tokenizers.tokenizer_ja_mecab.MeCab", None)
  with pytest.raises(UserError, match=r"=ja-mecab can't .*pip install sacrebleu\[ja\]"):
    bleu.tokenizer(run.config)


def test_the_tokenizers_to_choose_from_are_those_of_sacrebleu():
  # "spm" is its old name for flores101, and warns.
  assert set(config_lib.BLEU_TOKENIZERS) == set(BLEU.TOKENIZERS) - {"spm"}


@pytest.mark.filterwarnings("ignore:.*no installed font draws")
def test_chinese_is_scored_as_sacrebleu_scores_it(files, run):
  run.config.data.target = "zh"
  text = "我喜欢吃苹果和香蕉。\n他昨天去了北京。\n"
  for name in ("s.fr", "r.fr"):
    (files / name).write_text(text)
  run.source = run.target = Normalized(Characters("".join(sorted({*text} - {"\n"}))))
  run.params["unit"] = jnp.zeros(run.source.size)
  named = ["--source", f"{files}/s.fr", "--reference", f"{files}/r.fr"]
  for more, mark in (([], "tok:zh"), (["--tokenizer", "char"], "tok:char")):
    out = files / mark
    evaluate.main(["--workdir", f"{files}/W", *named, *more, "--out", str(out)])
    scores = json.loads((out / "s.fr.json").read_text())
    assert scores["bleu"]["score"] == pytest.approx(100)
    assert mark in scores["bleu"]["signature"]


def test_what_a_limit_of_length_takes_is_counted(files, run, capsys, monkeypatch):
  monkeypatch.setattr(translator, "_EXTRA", 0)
  (files / "s.fr").write_text("le chat dort ici .\n" + "chat " * 1001 + "\n")
  (files / "r.fr").write_text("le chat dort ici.\n" + "chat " * 2001 + "\n")
  named = ["--source", f"{files}/s.fr", "--reference", f"{files}/r.fr", "--out", f"{files}/o"]
  evaluate.main(["--workdir", f"{files}/W", *named, "--max-ratio", "0.5"])
  scores = json.loads((files / "o" / "s.fr.json").read_text())
  assert (scores["cut"], scores["too_long"], scores["not_forced"]) == (1, 1, 1)
  assert "raise decode.max_ratio" in capsys.readouterr().out


def test_without_attention_there_are_no_alignments(files, run):
  run.aligns = False
  run.config.model = {"attention": {"kind": "none"}}
  named = ["--source", f"{files}/s.fr", "--target", f"{files}/r.fr"]
  with pytest.raises(UserError, match=r"no alignments: model\.attention\.kind=none; choose"):
    align.main(["--workdir", f"{files}/W", *named])
  with pytest.raises(UserError, match="no alignments"):
    translate.main(["--workdir", "W", "--alignments", f"{files}/a", f"{files}/s.fr"])
  assert not (files / "a").exists()
  found = report(run, "s", [Pair("le chat", "le chat", "0-0 1-1")])
  assert found.scores["alignment"] is None
  assert found.example is None


def test_a_table_in_a_log_is_as_wide_as_what_it_holds(capsys, monkeypatch):
  monkeypatch.setenv("COLUMNS", "40")
  shown = Table(*(f"a heading of column {number}" for number in range(20)))
  shown.add_row(*(str(7_200 + number) for number in range(20)))
  cli.console().print(shown)
  out = capsys.readouterr().out
  assert "…" not in out
  assert all(f"a heading of column {number}" in out for number in range(20))


@pytest.mark.parametrize(
  ("more", "message"),
  [
    (["--source", "{}/s.fr"], "go together"),
    (["--source", "{}/s.fr", "--reference", "{}/none"], "cannot read .*none"),
    (["--source", "{}/s.fr", "--reference", "{}/long"], "has 2 lines but .*long has 3"),
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
