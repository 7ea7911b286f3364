import json

import numpy as np
import pytest

from nmt.data import corpora, parallel, pipeline
from nmt.data.ids import EOS
from nmt.data.tokenizers import KINDS
from nmt.errors import UserError


def sizes(kind):
  return {"bpe": 330, "unigram": 290}.get(kind, 100)


@pytest.mark.parametrize("kind", KINDS)
def test_text_becomes_tokens_that_decode_to_it(data, kind):
  data.tokenizer.update(kind=kind, size=sizes(kind))
  prepared = pipeline.prepare(data)
  train = corpora.open_corpus(data, "train")
  for index in range(0, len(prepared.train), 50):
    pair = train[int(prepared.train.rows[index])]
    ids = prepared.train.target(index)
    assert ids[-1] == EOS
    assert prepared.target.encode(pair.target) == ids[:-1].tolist()
  assert len(prepared.valid) == 20
  assert json.loads(json.dumps(prepared.report)) == prepared.report
  assert prepared.report["filter"]["pairs"] == 300
  assert prepared.report["filter"]["kept"] == prepared.report["train"]["pairs"]


def test_samples_of_bpe_dropout_follow_each_other(data, monkeypatch, tmp_path):
  data.tokenizer.update(kind="bpe", size=330, joint=True, dropout=0.3, samples=3)
  prepared = pipeline.prepare(data)
  train, n = prepared.train, prepared.report["filter"]["kept"]
  assert train.rows.tolist() == train.rows[:n].tolist() * 3
  decode = prepared.source.decode
  alike = 0
  for index in range(n):
    found = [train.source(index + k * n).tolist() for k in range(3)]
    assert len({decode(ids) for ids in found}) == 1
    alike += len({tuple(ids) for ids in found}) == 1
  assert alike < n / 3
  pair = corpora.open_corpus(data, "valid")[0]
  assert prepared.valid.source(0)[:-1].tolist() == prepared.source.encode(pair.source)
  monkeypatch.setattr(parallel, "workers", lambda pairs: 2)
  data.cache = str(tmp_path / "other")
  again = pipeline.prepare(data).train
  assert all(np.array_equal(again.target(i), train.target(i)) for i in range(3 * n))


def test_the_validation_split_is_not_filtered(data, tmp_path):
  (tmp_path / "text/odd.en").write_text("a\n\n" + "b " * 99 + "\n\na\n")
  (tmp_path / "text/odd.fr").write_text("x\n\ny\nz\nx\n")
  data.valid = "odd"
  valid = pipeline.prepare(data).valid
  assert valid.rows.tolist() == [0, 1, 2, 3, 4]
  assert valid.source(1).tolist() == valid.target(1).tolist() == [EOS]


def test_what_was_prepared_is_opened_again_and_changes_make_it_anew(data, monkeypatch):
  first = pipeline.prepare(data)
  with monkeypatch.context() as patch:
    patch.setattr(corpora.Corpus, "read", None)
    second = pipeline.prepare(data)
  assert second.report == first.report
  assert np.array_equal(second.train.source(7), first.train.source(7))
  keys = {first.report["key"]}
  changes = {"filter.max_words": 5, "tokenizer.size": 20, "filter.distinct": False}
  for name, value in changes.items():
    data.update_from_flattened_dict({name: value})
    keys.add(pipeline.prepare(data).report["key"])
  assert len(keys) == 4


def test_tokenizers_that_are_given_are_used(data, tmp_path):
  first = pipeline.prepare(data)
  first.save_tokenizers(tmp_path / "run")
  again = pipeline.prepare(data, tmp_path / "run")
  assert again.report == first.report
  data.tokenizer.size = 12
  other = pipeline.prepare(data, tmp_path / "run")
  assert other.source.dump() == first.source.dump()
  assert pipeline.changes(first.report, other.report) == ""
  assert pipeline.changes(first.report, pipeline.prepare(data).report)


def test_what_changed_in_the_data_is_said(data, tmp_path):
  first = pipeline.prepare(data)
  first.save_tokenizers(tmp_path / "run")
  before = json.loads(json.dumps(first.report))
  train = tmp_path / "text/train.en"
  lines = train.read_text().split("\n")
  lines[7] = " ".join(reversed(lines[7].split(" ")))
  train.write_text("\n".join(lines))
  after = pipeline.prepare(data, tmp_path / "run").report
  assert pipeline.changes(before, after) == "train (train): as many pairs, another text"
  with open(tmp_path / "text/valid.en", "a") as en, open(tmp_path / "text/valid.fr", "a") as fr:
    en.write("a\n")
    fr.write("a cat\n")
  shown = pipeline.changes(before, pipeline.prepare(data, tmp_path / "run").report)
  assert "valid (valid): 20 -> 21 pairs" in shown
  for split in ("train", "valid"):  # a report from before there were digests
    del before[split]["digest"]
  assert "train (train): as many pairs" in pipeline.changes(before, after)
  assert not pipeline.changes(before, first.report)


def test_a_line_of_too_many_tokens_is_left_out_and_counted(data, tmp_path):
  first = pipeline.prepare(data)
  with open(tmp_path / "text/train.en", "a") as en, open(tmp_path / "text/train.fr", "a") as fr:
    en.write("a" * 3000 + "\n")
    fr.write("a\n")
  data.tokenizer.kind = "characters"
  prepared = pipeline.prepare(data)
  assert len(prepared.train) == len(first.train)
  assert prepared.train.source_lengths.max() < 100
  assert prepared.report["train"]["too_many_tokens"] == 1
  data.valid = "train"
  assert pipeline.prepare(data).report["valid"]["too_many_tokens"] == 1
  data.filter.max_tokens = 0
  assert pipeline.prepare(data).train.source_lengths.max() == 3001
  data.filter.max_tokens = 1
  with pytest.raises(UserError, match=r"at most 1 tokens a side; data\.filter\.max_tokens"):
    pipeline.prepare(data)


@pytest.mark.parametrize("joint", [False, True])
def test_tokenizers_travel_with_a_run(data, tmp_path, joint):
  data.tokenizer.update(kind="bpe", size=330, joint=joint)
  prepared = pipeline.prepare(data)
  prepared.save_tokenizers(tmp_path / "run")
  source, target = pipeline.load_tokenizers(tmp_path / "run", data.normalize)
  assert (source is target) == (prepared.source is prepared.target) == joint
  assert source.dump() == prepared.source.dump()
  assert target.dump() == prepared.target.dump()


def test_a_vocabulary_too_large_for_the_corpus_is_refused_and_nothing_is_left(data, tmp_path):
  data.tokenizer.update(kind="bpe", size=9000)
  with pytest.raises(UserError, match=r"at most \d+"):
    pipeline.prepare(data)
  assert not [path for path in (tmp_path / "cache/tokenizers").iterdir() if path.is_dir()]


def test_the_grammar_is_ready_to_train_on(data):
  data.corpus = "grammar"
  data.grammar.update(train=200, valid=10)
  prepared = pipeline.prepare(data)
  assert len(prepared.train) <= 200
  assert len(prepared.valid) == 10
