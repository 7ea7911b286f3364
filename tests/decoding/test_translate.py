"""The command lines `translate` and `score`, and the search of a real model behind them."""

import gzip
import io
import json
import sys
from types import SimpleNamespace

import jax
import numpy as np
import pytest

import nmt.loading
from configs import base
from nmt import models, score, translate
from nmt.data.ids import EOS
from nmt.data.units import Bytes
from nmt.decoding.forced import force
from nmt.decoding.translator import Translator
from nmt.errors import UserError

TEXT = ["Ein Haus.", "", "zwei\u2028 Häu\x00\r", "   ", "雪", "a b c d e f g"]


@pytest.fixture(scope="module")
def run():
  config = base.get_config()
  model = config.model
  model.init = "glorot"
  model.size, model.embedding, model.readout.size, model.attention.size = 16, 12, 8, 16
  config.decode.update(beam=3, batch=4, max_ratio=1.0)
  tokenizer = Bytes()
  params = models.init(model, tokenizer.size, tokenizer.size, 1)
  return nmt.loading.of(config, tokenizer, tokenizer, params)


@pytest.fixture
def cli(run, monkeypatch):
  """Runs `translate` on bytes from stdin; returns (lines written, the error or None)."""
  monkeypatch.setattr("nmt.loading.load", lambda workdir, which: run)

  def call(content, *options):
    stdin = io.BufferedReader(io.BytesIO(content))
    stdin_text, stdout = io.TextIOWrapper(stdin), io.BytesIO()
    monkeypatch.setattr(sys, "stdin", stdin_text)
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=stdout))
    error = None
    try:
      assert translate.main(["--workdir", "w", *options]) == 0
    except UserError as e:
      error = str(e)
    lines = stdout.getvalue().decode().split("\n")
    assert lines.pop() == ""
    return lines, error

  return call


@pytest.mark.parametrize("beam", [1, 3])
def test_search_gives_what_forcing_its_output_gives(run, beam):
  decode = run.config.decode.copy_and_resolve_references()
  decode.beam = beam
  found = [t for t in Translator(run, decode, alphas=True).translate(TEXT) if t.ids]
  source_BxJ, target_BxT = np.zeros((len(found), 16), int), np.zeros((len(found), 26), int)
  for b, t in enumerate(found):
    source_BxJ[b, : len(t.source_ids)] = t.source_ids
    target_BxT[b, : len(t.ids)] = t.ids
  log_probs_BxT, alpha_BxTxJ = jax.jit(run.force)(run.params, source_BxJ, target_BxT)
  for b, t in enumerate(found):
    np.testing.assert_allclose(t.log_probability, log_probs_BxT[b].sum(), rtol=1e-4)
    np.testing.assert_allclose(
      t.alpha_TxJ, alpha_BxTxJ[b, : len(t.ids), : len(t.source_ids)], atol=1e-5
    )
    np.testing.assert_allclose(t.score, t.log_probability / len(t.ids), rtol=1e-5)


def test_a_sentence_is_translated_the_same_in_any_company(run):
  together = list(Translator(run, alphas=True).translate(TEXT))
  alone = [t for line in TEXT for t in Translator(run, alphas=True).translate([line])]
  for a, b in zip(together, alone, strict=True):
    assert a.ids == b.ids
    np.testing.assert_allclose(a.score, b.score, rtol=1e-5)
    np.testing.assert_allclose(a.alpha_TxJ, b.alpha_TxJ, atol=1e-5)


def test_a_line_gives_a_line(cli):
  lines, error = cli("\n".join(TEXT).encode())  # the last one has no line feed
  assert error is None
  assert len(lines) == len(TEXT)
  assert lines[1] == ""


def test_a_bad_line_is_named_and_nothing_else_is_lost(cli):
  good = cli(b"a\nb\n")[0]
  lines, error = cli(b"a\n\xff\n" + b"word " * 30 + b"\nb\n", "--max-tokens", "100")
  assert lines == [good[0], "", "", good[1]]
  assert error.startswith("stdin, line 2: not valid UTF-8")
  assert "1 more" in error
  lines, error = cli(b"a\n" + b"word " * 30 + b"\nb\n", "--max-tokens", "100")
  assert lines == [good[0], "", good[1]]
  assert error.startswith("stdin, line 2: 150 tokens, more than --max-tokens 100")


def test_files_are_read_one_after_the_other(cli, tmp_path):
  (tmp_path / "one").write_bytes(b"a\nb\n")
  with gzip.open(tmp_path / "two.gz", "wb") as file:
    file.write(b"c\n\xff\n")
  lines, error = cli(b"", str(tmp_path / "one"), str(tmp_path / "two.gz"))
  assert lines == [*cli(b"a\nb\nc\n")[0], ""]
  assert error.startswith(f"{tmp_path / 'two.gz'}, line 2:")
  lines, error = cli(b"", str(tmp_path / "one"), str(tmp_path / "three"))
  assert lines == []
  assert str(tmp_path / "three") in error


def test_lines_may_end_in_crlf_and_begin_with_a_byte_order_mark(cli, tmp_path):
  plain, error = cli(b"a b\n\nc\n")
  assert error is None
  marked = b"\xef\xbb\xbfa b\r\n\r\nc\r\n"
  assert cli(marked) == (plain, None)
  for name in ("one", "two"):
    (tmp_path / name).write_bytes(marked)
  assert cli(b"", str(tmp_path / "one"), str(tmp_path / "two")) == (plain * 2, None)


def test_no_line_is_broken_by_what_a_model_of_bytes_writes(cli, monkeypatch):
  monkeypatch.setattr(Bytes, "decode", lambda self, ids: "a\nb\r")
  assert cli(b"x\n") == (["a b "], None)


def test_scores_n_best_and_alignments_are_written(cli, run, tmp_path):
  path = tmp_path / "alignments.jsonl"
  options = ["--nbest", "2", "--scores", "--alignments", str(path), "--forbid-unk"]
  lines, error = cli(b"ab\n\n", *options)
  assert error is None
  rows = [line.split("\t") for line in lines]
  assert [row[0] for row in rows] == ["1", "1", "2"]
  assert float(rows[0][1]) >= float(rows[1][1])
  records = [json.loads(line) for line in path.read_text().splitlines()]
  assert len(records) == 2
  assert records[0]["source"] == run.source.pieces([*run.source.encode("ab"), EOS])
  assert np.shape(records[0]["alpha"]) == (len(records[0]["target"]), 3)
  assert "--nbest 9" in cli(b"ab\n", "--nbest", "9")[1]


def test_translations_cut_at_their_longest_are_counted(cli, run, capsys):
  cut = [not t.finished for t in Translator(run).translate(["ab", "cd", "", "e"])]
  cli(b"ab\ncd\n\ne\n")
  said = capsys.readouterr().err
  assert sum(cut) > 0
  assert said.startswith(f"warning: {sum(cut)} translations are cut at --max-ratio 1 times")
  assert "(decode.max_ratio), first that of stdin, line 1\n" in said
  cli(b"\n")
  assert capsys.readouterr().err == ""


def test_score_gives_a_number_a_pair(run, monkeypatch, tmp_path, capsys):
  monkeypatch.setattr("nmt.loading.load", lambda workdir, which: run)
  source, reference = tmp_path / "s", tmp_path / "r"
  source.write_text("ab\n\ncd\n")
  reference.write_text("x\n\nlonger\n")
  arguments = ["--workdir", "w", "--source", str(source), "--reference", str(reference)]
  assert score.main(arguments) == 0
  numbers = [float(line) for line in capsys.readouterr().out.split()]
  pairs = [
    (run.source.encode(a), run.target.encode(b))
    for a, b in zip(["ab", "", "cd"], ["x", "", "longer"], strict=True)
  ]
  expected = [f.log_probs_T.sum() for f in force(run, pairs, alignments=False)]
  np.testing.assert_allclose(numbers, expected, rtol=1e-5)
  reference.write_text("x\n")
  with pytest.raises(UserError, match=r"3 lines .* 1"):
    score.main(arguments)
  source.write_text("a\n")
  reference.write_text("b" * 3000 + "\n")
  with pytest.raises(UserError, match="line 1: 1 tokens and 3000"):
    score.main(arguments)
  assert capsys.readouterr().out == "nan\n"


def test_score_takes_crlf_and_byte_order_marks_for_no_text(run, monkeypatch, tmp_path, capsys):
  monkeypatch.setattr("nmt.loading.load", lambda workdir, which: run)
  found = []
  for side in ("s", "r"):
    (tmp_path / f"{side}.lf").write_bytes(b"a b\n\nc\n")
    (tmp_path / f"{side}.crlf").write_bytes(b"\xef\xbb\xbfa b\r\n\r\nc\r\n")
  for source, reference in (("s.lf", "r.lf"), ("s.crlf", "r.crlf"), ("s.lf", "r.crlf")):
    files = ["--source", str(tmp_path / source), "--reference", str(tmp_path / reference)]
    assert score.main(["--workdir", "w", *files]) == 0
    found.append(capsys.readouterr().out)
  assert found[0] == found[1] == found[2]
