import pickle
import unicodedata

import numpy as np
import pytest

from nmt.data import corpora, pipeline, tokenizers
from nmt.data.ids import UNK
from nmt.data.tokenizers import KINDS, Normalized
from nmt.data.units import Bytes

LINES = ["L'été, le garçon naïf était là où l'œuvre a été créée.", "où ça ? là, à l'hôtel"] * 3
SIZES = {"words": 60, "bpe": 290, "unigram": 290, "bytes": 0, "characters": 100}


def decomposed(text):
  return unicodedata.normalize("NFD", text)


@pytest.mark.parametrize("kind", KINDS)
def test_text_in_either_form_is_the_same_to_a_tokenizer(kind, tmp_path):
  learnt = tokenizers.train(kind, SIZES[kind], LINES, "fr")
  tokenizers.save(learnt, tmp_path / "t")
  both = tokenizers.load(tmp_path / "t", "nfc")
  for tokenizer in (both, pickle.loads(pickle.dumps(both))):
    assert (tokenizer.kind, tokenizer.size) == (learnt.kind, learnt.size)
    assert tokenizer.dump() == learnt.dump()
    for line in LINES[:2]:
      other = decomposed(line)
      assert other != line
      assert learnt.encode(other) != learnt.encode(line)
      assert tokenizer.encode(other) == tokenizer.encode(line) == learnt.encode(line)
      assert tokenizer.words(other) == learnt.words(line)
      words = learnt.words(line)
      assert tokenizer.encode_words(list(map(decomposed, words))) == learnt.encode_words(words)
      if kind == "bpe":
        assert tokenizer.sample([other], 0.3, "1") == learnt.sample([line], 0.3, "1")
  assert tokenizers.load(tmp_path / "t", "none").encode(other) == learnt.encode(other)


def test_what_a_model_writes_is_normalised():
  assert Normalized(Bytes()).decode(Bytes().encode(decomposed("été"))) == "été"


@pytest.fixture
def mixed(data, tmp_path):
  """The training text has every other line of the target decomposed."""
  path = tmp_path / "text/train.fr"
  lines = [f"{line} été" for line in path.read_text().split("\n")[:-1]]
  path.write_text("".join(f"{line}\n" for line in lines))
  composed = pipeline.prepare(data)
  lines[::2] = map(decomposed, lines[::2])
  path.write_text("".join(f"{line}\n" for line in lines))
  return composed


def test_training_text_in_either_form_gives_the_same_tokens(data, mixed):
  found = pipeline.prepare(data)
  assert found.target.dump() == mixed.target.dump()
  assert len(found.train) == len(mixed.train)
  for index in range(len(mixed.train)):
    assert np.array_equal(found.train.target(index), mixed.train.target(index))
    assert UNK not in found.train.target(index)
  assert found.target.encode(decomposed("été")) == found.target.encode("été") != [UNK]
  assert found.report["normalize"] == "nfc"
  assert found.report["filter"]["normalized"] == 150
  assert mixed.report["filter"]["normalized"] == 0
  pair = corpora.open_corpus(data, "train")[0]
  assert pair.target == unicodedata.normalize("NFC", pair.target)


def test_without_normalisation_text_stays_as_it_is(data, mixed):
  found = pipeline.prepare(data)
  data.normalize = "none"  # with the cache of the other form
  raw = pipeline.prepare(data)
  assert raw.report["key"] != found.report["key"]
  assert raw.report["train"]["fingerprint"] != found.report["train"]["fingerprint"]
  assert raw.target.size > found.target.size
  assert raw.report["filter"]["normalized"] == 0
  assert decomposed("été") in corpora.open_corpus(data, "train")[0].target


def test_pairs_alike_in_one_form_are_duplicates(data, tmp_path):
  (tmp_path / "text/train.en").write_text("a b\n" * 2 + "c\n")
  (tmp_path / "text/train.fr").write_text(f"été\n{decomposed('été')}\nx\n")
  assert pipeline.prepare(data).report["filter"]["duplicate"] == 1
