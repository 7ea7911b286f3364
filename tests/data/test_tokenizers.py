import pickle
import random

import numpy as np
import pytest

from configs.base import get_config
from nmt.data import grammar, tokenizers
from nmt.data.ids import BOS, EOS, PAD, UNK
from nmt.data.tokenizers import KINDS
from nmt.data.words import Words
from nmt.errors import UserError

LINES = [
  "The cat doesn't see the dog's house , does it ?",
  "L'homme n'a pas vu les œuvres d'art aujourd'hui .",
  "two  spaces,\u00a0a no-break one, a\ttab and a trailing one ",
  " début — « guillemets » …",
  "x" * 5000,
]
STRANGE = [
  "",
  " ",
  "  ",
  "\u2581",
  "a\u2581b\ue000\ue0001\ue0000",
  "日本語 😀 e\u0301\u2028\x85\r",
  "\x00\x1f",
]
SIZES = {"words": 60, "bpe": 360, "unigram": 310, "bytes": 0, "characters": 100}


@pytest.fixture(scope="module")
def trained():
  return {kind: tokenizers.train(kind, SIZES[kind], LINES, "fr") for kind in KINDS}


@pytest.mark.parametrize("kind", ["bpe", "unigram", "bytes"])
def test_any_text_comes_back_to_the_letter(trained, kind):
  tokenizer = trained[kind]
  for line in LINES + STRANGE:
    ids = tokenizer.encode(line)
    assert UNK not in ids
    assert tokenizer.decode([BOS, *ids, EOS, PAD]) == line


def test_characters_of_the_training_text_come_back(trained):
  for line in LINES:
    assert trained["characters"].decode(trained["characters"].encode(line)) == line
  assert trained["characters"].encode("日") == [UNK]


def test_words_are_moses_words_and_join_again(trained):
  words = trained["words"]
  assert words.words("L'homme n'est-il pas « là » ?")[:3] == ["L'", "homme", "n'"]
  line = "L'homme n'a pas vu les œuvres d'art ."
  assert words.decode(words.encode(line)) == "L'homme n'a pas vu les œuvres d'art."
  assert words.words('a & b < c | [d] "e"') == [
    "a",
    "&",
    "b",
    "<",
    "c",
    "|",
    "[",
    "d",
    "]",
    '"',
    "e",
    '"',
  ]


def test_the_shortlist_holds_the_most_frequent_words():
  words = tokenizers.train("words", 6, ["b b b c a a", "a d"], "en")
  assert words.size == 6
  assert words.encode("a b c d") == [4, 5, UNK, UNK]
  assert words.pieces([4, 5, UNK]) == ["a", "b", "[UNK]"]
  assert tokenizers.train("words", 100, ["b a"], "en").size == 6  # all there are


@pytest.mark.parametrize("kind", KINDS)
def test_ids_are_in_range_and_specials_at_the_front(trained, kind):
  tokenizer = trained[kind]
  for line in LINES:
    assert all(UNK <= index < tokenizer.size for index in tokenizer.encode(line))
  assert tokenizer.pieces([PAD, BOS, EOS, UNK]) == ["[PAD]", "[BOS]", "[EOS]", "[UNK]"]
  assert tokenizer.decode([PAD, BOS, EOS]) == ""
  assert "[UNK]" in tokenizer.decode([UNK])


@pytest.mark.parametrize("kind", KINDS)
def test_each_piece_belongs_to_one_word_in_order(trained, kind):
  tokenizer = trained[kind]
  words = ["the", "\u2581", "日本", "house", "l'", "é\u0301"]
  ids, owner = tokenizer.encode_words(words)
  assert len(ids) == len(owner)
  assert owner == sorted(owner)
  assert set(owner) == set(range(len(words)))
  assert ids == tokenizer.encode(" ".join(words)) or kind == "words"
  for index, word in enumerate(words):
    mine = [i for i, o in zip(ids, owner, strict=True) if o == index]
    if kind not in ("words", "characters"):
      assert tokenizer.decode(mine).strip() == word
  assert tokenizer.encode_words([]) == ([], [])


@pytest.mark.parametrize("kind", KINDS)
def test_training_is_deterministic_and_files_give_the_same_tokenizer(trained, kind, tmp_path):
  tokenizer = trained[kind]
  assert tokenizers.train(kind, SIZES[kind], iter(LINES), "fr").dump() == tokenizer.dump()
  tokenizers.save(tokenizer, tmp_path / "t")
  assert [path.name for path in tmp_path.iterdir()] == ["t"]
  for copy in (tokenizers.load(tmp_path / "t"), pickle.loads(pickle.dumps(tokenizer))):
    assert copy.dump() == tokenizer.dump()
    for line in LINES + STRANGE:
      assert copy.encode(line) == tokenizer.encode(line)


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_sizes_that_the_text_cannot_support_are_refused_with_the_limit(kind):
  with pytest.raises(UserError, match=r"size=9000 .*at most \d+") as caught:
    tokenizers.train(kind, 9000, LINES, "fr")
  most = int(str(caught.value).rsplit(" ", 1)[1])
  assert tokenizers.train(kind, most, LINES, "fr").size == most
  with pytest.raises(UserError, match=r"size=20 .*at least \d+"):
    tokenizers.train(kind, 20, LINES, "fr")


def test_unknown_kinds_and_damaged_files_are_named(tmp_path):
  with pytest.raises(UserError, match="kind=wordz is none of words, bpe"):
    tokenizers.train("wordz", 10, LINES, "fr")
  for content in (b"", b"{", b'{"kind": "wordz"}', b"garbage"):
    (tmp_path / "t").write_bytes(content)
    with pytest.raises(UserError, match="cannot read the tokenizer"):
      tokenizers.load(tmp_path / "t")
  with pytest.raises(UserError, match="cannot read the tokenizer"):
    tokenizers.load(tmp_path / "none")


def test_bpe_dropout_leaves_out_merges_and_loses_no_text(trained):
  bpe = trained["bpe"]
  lines = LINES[:2] * 50
  first, again, other = (bpe.sample(lines, 0.1, seed) for seed in ("1", "1", "2"))
  assert first == again != other
  assert [bpe.decode(ids) for ids in first] == lines
  assert len({tuple(ids) for ids in first[::2]}) > 10
  most, few, none = (sum(map(len, bpe.sample(lines, p, "1"))) for p in (0.5, 0.1, 0.0))
  assert most > few > none


def test_without_dropout_the_merges_are_those_of_sentencepiece(trained):
  bpe = trained["bpe"]
  for line in LINES[:4] + STRANGE:
    assert bpe.sample([line], 0.0, "") == [bpe.encode(line)]


def test_each_possible_merge_is_left_out_with_the_probability_of_dropout():
  bpe = tokenizers.train("bpe", 265, ["ab ab ab"], "en")  # the merges a+b, then space+ab
  draws = bpe.sample(["ab"] * 20_000, 0.3, "1")
  lengths = np.bincount([len(ids) for ids in draws], minlength=4)[1:] / 20_000
  np.testing.assert_allclose(lengths, [0.49, 0.21, 0.30], atol=0.015)


APOSTROPHES = {
  "fr": [
    "L’homme n’est qu’un début, aujourd’hui.",
    "l'homme d’hier et l’autre d'avant",
    "les années ’60",
    "Elle dit ‘non’ et part.",
  ],
  "en": [
    "I don’t know, and they'd rather not’ve known.",
    "the dogs’ tails",
    "those are the dogs’",
    "the dog’s tail in the ’90s",
    "‘No,’ he said. ‘I don’t.’",
    "She said ‘no’",
  ],
  "it": ["l’acqua dell'anno"],
}


@pytest.mark.parametrize("language", APOSTROPHES)
def test_every_apostrophe_comes_back_as_it_was(language):
  lines = APOSTROPHES[language]
  words = tokenizers.train("words", 1000, lines, language)
  for line in lines:
    assert UNK not in words.encode(line)
    assert words.decode(words.encode(line)) == line
    straight = line.replace("’", "'")
    if not line.endswith("’"):
      assert [word.replace("’", "'") for word in words.words(line)] == words.words(straight)
  assert words.decode([*words.encode(lines[0])[:2], UNK])  # what a model may write


def test_a_closing_quotation_mark_is_no_part_of_the_last_word():
  words = tokenizers.train("words", 100, ["a"], "en")
  assert words.words("‘It is the dogs’ ")[-2:] == ["dogs", "’"]


@pytest.mark.parametrize("language", ["en", "fr", "de"])
def test_words_keep_all_that_is_no_space_in_order(language):
  words = tokenizers.train("words", 100, ["a"], language)
  draw = random.Random(1)
  for _ in range(500):
    line = "".join(draw.choices("ab S.,'’‘‚\"`-?12é“…", k=draw.randint(1, 25)))
    assert "".join(words.words(line)) == "".join(line.split())


def test_words_from_before_typographic_apostrophes_stay_as_they_were(tmp_path):
  (tmp_path / "t").write_text('{"kind": "words", "language": "fr", "shortlist": ["l", "’", "eau"]}')
  old = tokenizers.load(tmp_path / "t")
  assert old.words("l’eau") == ["l", "’", "eau"]
  assert old.decode(old.encode("l’eau")) == "l ’ eau"
  assert pickle.loads(pickle.dumps(old)).dump() == old.dump()
  assert b"typographic" not in old.dump()
  tokenizers.save(tokenizers.train("words", 100, ["l’eau"], "fr"), tmp_path / "new")
  assert tokenizers.load(tmp_path / "new").words("l’eau") == ["l’", "eau"]


def test_words_of_the_grammar_are_the_same_either_way():
  config = get_config().data.grammar
  for side in ("source", "target"):
    lines = [getattr(grammar.pair(config, "train", index), side) for index in range(200)]
    language = {"source": "en", "target": "fr"}[side]
    new, old = tokenizers.train("words", 9000, lines, language), Words(language, ())
    for line in lines:
      assert new.words(line) == old.words(line)
