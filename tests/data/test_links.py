"""Links between words become links between tokens, whatever the tokens are."""

import itertools

import numpy as np
import pytest
from ml_collections import ConfigDict

from nmt.data import parallel, pipeline, store, tokenizers
from nmt.data.batches import Batches
from nmt.data.corpora import open_corpus
from nmt.data.links import Tokens
from nmt.data.pair import Pair
from nmt.data.spans import locate, of_bytes
from nmt.data.tokenizers import KINDS
from nmt.errors import UserError

TEXT = ["Une œuvre, l'été: le chat dort.", "a ▁ b", "日本 et  deux espaces ", "the cat", ""]


def made(kind):
  lines = [*TEXT, *(f"le chat {i} dort, l'œuvre aussi." for i in range(200))]
  return tokenizers.train(kind, {"bpe": 330, "unigram": 310}.get(kind, 100), lines, "fr")


@pytest.mark.parametrize("kind", KINDS)
def test_every_token_stands_where_its_piece_is(kind):
  tokenizer = made(kind)
  for line in TEXT:
    ids = tokenizer.encode(line)
    spans = tokenizer.spans(line, ids)
    if spans is None:
      assert "▁" in line
      continue
    assert len(spans) == len(ids)
    assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in itertools.pairwise(spans))
    covered = {k for start, end in spans for k in range(start, end)}
    assert covered >= {k for k, character in enumerate(line) if character != " "}
    for (start, end), piece in zip(spans, tokenizer.pieces(ids), strict=True):
      if piece.startswith(("[", "<0x")):
        continue
      assert line[start:end] in (piece, piece.replace("▁", " "), piece.removeprefix("▁"))


def test_bytes_of_one_character_stand_where_it_does():
  assert of_bytes("aé", [1, 1, 1]) == [(0, 1), (1, 2), (1, 2)]
  assert of_bytes("aé", [1, 1], before=1) is None
  assert of_bytes("aé", [1, 3]) is None
  assert locate("a cat, a", ["a", "cat", ",", "a"]) == [(0, 1), (2, 5), (5, 6), (7, 8)]
  assert locate("a cat", ["cat", "a"]) is None


@pytest.mark.parametrize("kind", KINDS)
def test_tokens_are_linked_where_their_words_are(kind):
  tokenizer = made(kind)
  pair = Pair("le chat dort.", "Une œuvre, l'été.", "0-0 1-2 1-1 2p3 3-4")
  ids = tokenizer.encode(pair.source), tokenizer.encode(pair.target)
  links = Tokens(("fr", "fr"), tokenizer, tokenizer).links(pair, ids)
  words = [["le", "chat", "dort", "."], ["Une", "œuvre", ",", "l'", "été", "."]]
  lines = pair.source, pair.target
  spans = [tokenizer.spans(line, side) for line, side in zip(lines, ids, strict=True)]
  places = [locate(line, side) for line, side in zip(lines, words, strict=True)]

  def share(side, word, token):
    (a, b), (c, d) = places[side][word], spans[side][token]
    return any(k in range(c, d) for k in range(a, b))

  sure = [(0, 0), (1, 2), (1, 1), (3, 4)]
  expected = [
    (s, t)
    for s in range(len(ids[0]))
    for t in range(len(ids[1]))
    if any(share(0, i, s) and share(1, j, t) for i, j in sure)
  ]
  assert links == expected
  assert links


def test_links_of_a_file_count_what_spaces_separate():
  tokenizer = made("words")
  linker = Tokens(("fr", "fr"), tokenizer, tokenizer)
  ids = [4, 4, 4]  # le chat .
  assert linker.links(Pair("le chat.", "le chat.", "1-1", spaced=True), (ids, ids)) == [
    *[(1, 1), (1, 2), (2, 1), (2, 2)]
  ]
  assert linker.links(Pair("le chat.", "le chat.", "1-1"), (ids, ids)) == [(1, 1)]
  assert linker.links(Pair("le chat.", "le chat."), (ids, ids)) == []


@pytest.fixture
def linked(data, tmp_path):
  """The text of `data` with links: word k to word k, as far as both sides reach."""
  sides = [(tmp_path / f"text/train.{x}").read_text().splitlines() for x in ("en", "fr")]
  lines = [
    " ".join(f"{k}-{k}" for k in range(min(len(a.split(" ")), len(b.split(" ")))))
    for a, b in zip(*sides, strict=True)
  ]
  (tmp_path / "text/train.links").write_text("".join(f"{line}\n" for line in lines))
  return data


def test_links_beside_a_text_reach_the_batches(linked):
  plain = pipeline.prepare(linked)
  prepared = pipeline.prepare(linked, linked=True)
  assert prepared.report["train"]["without_links"] == 0
  assert prepared.report["train"]["digest"] != plain.report["train"]["digest"]
  assert prepared.report["key"] != plain.report["key"]
  assert prepared.report["valid"] == plain.report["valid"]
  config = dict(size=8, tokens=0, window=2, multiple=4)
  batches = Batches(prepared.train, ConfigDict(config), seed=1)
  assert batches.linked
  batch = batches.at(3)
  assert batch.links_BxTxJ.dtype == np.int8
  assert batch.links_BxTxJ.shape == (8, batch.target_BxT.shape[1], batch.source_BxJ.shape[1])
  for row, index in enumerate(batch.index_B):
    ends = prepared.train.source_lengths[index] - 1, prepared.train.target_lengths[index] - 1
    expected = np.zeros_like(batch.links_BxTxJ[row])
    expected[range(min(ends)), range(min(ends))] = 1  # these words are one token each
    np.testing.assert_array_equal(batch.links_BxTxJ[row], expected)
  half = batches.at(3, (1, 2))
  np.testing.assert_array_equal(half.links_BxTxJ, batch.links_BxTxJ[4:])
  again = Batches(plain.train, ConfigDict(config), seed=1)
  assert not again.linked
  assert again.at(3).links_BxTxJ is None
  np.testing.assert_array_equal(again.at(3).source_BxJ, batch.source_BxJ)


def test_caches_without_links_do_not_see_them(data, linked, tmp_path):
  with_file = pipeline.prepare(data).report
  (tmp_path / "text/train.links").unlink()
  assert pipeline.prepare(data).report == with_file
  with pytest.raises(UserError, match=r"has no word links, .* put train\.links .* beside its text"):
    pipeline.prepare(data, linked=True)


@pytest.mark.parametrize(
  ("change", "line"),
  [
    (lambda lines: lines[:-1], r"train\.links has 299 lines, fewer than the pairs of .*train\.en"),
    (lambda lines: [*lines, ""], r"train\.links has more lines than the 300 pairs"),
    (lambda lines: ["0-x", *lines[1:]], r"train\.links, line 1: '0-x' is not a link"),
    (
      lambda lines: [lines[0], "0-99", *lines[2:]],
      r"links, line 2: link 0-99 is outside a pair of",
    ),
  ],
)
def test_faulty_links_are_one_line(linked, tmp_path, change, line):
  path = tmp_path / "text/train.links"
  path.write_text("\n".join(change(path.read_text().splitlines())) + "\n")
  with pytest.raises(UserError, match=line) as caught:
    open_corpus(linked, "train")
  assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["words", "bpe"])
def test_the_grammar_has_links_for_every_pair(data, kind, monkeypatch):
  monkeypatch.setattr(parallel, "CHUNK", 50)
  data.corpus = "grammar"
  data.grammar.update(train=200, valid=10)
  data.tokenizer.update(kind=kind, size=330, dropout=0.1 if kind == "bpe" else 0.0)
  prepared = pipeline.prepare(data, linked=True)
  assert prepared.report["train"]["without_links"] == 0
  assert isinstance(prepared.train, store.LinkedStore)
  share = sum(
    len(set(prepared.train.links(k)["target"])) / (prepared.train.target_lengths[k] - 1)
    for k in range(50)
  )
  assert share / 50 > 0.8  # of the target's tokens have a link
