"""The embedded corpus: right French, right links, disjoint splits, lengths on a dial."""

import functools
import itertools
import re
from collections import Counter

import pytest
from ml_collections import ConfigDict
from sacremoses import MosesDetokenizer, MosesTokenizer

from nmt.data import grammar
from nmt.data.grammar import entries
from nmt.data.grammar.draw import Draw
from nmt.data.pair import Pair
from nmt.errors import UserError

SIZES = dict(
  train=10**6, valid=500, test=500, long=500, min_words=3, max_words=20, long_words=80,
  order="french",
)  # fmt: skip


def config(**changes) -> ConfigDict:
  return ConfigDict({**SIZES, **changes})


@functools.cache
def sample(split: str, count: int) -> list[Pair]:
  return [grammar.pair(config(), split, index) for index in range(count)]


def everything() -> list[Pair]:
  return sample("train", 2500) + sample("valid", 150) + sample("test", 150) + sample("long", 150)


@functools.cache
def tokens(line: str, language: str) -> list[str]:
  return MosesTokenizer(language).tokenize(line, escape=False)


def length(line: str) -> int:
  return len(line.split())


def test_texts_are_what_moses_gives_back():
  both = {lang: (MosesTokenizer(lang), MosesDetokenizer(lang)) for lang in ("en", "fr")}
  for pair in everything():
    for lang, line in (("en", pair.source), ("fr", pair.target)):
      tokenizer, detokenizer = both[lang]
      assert detokenizer.detokenize(tokenizer.tokenize(line, escape=False)) == line


def test_links_are_over_moses_tokens_and_reach_every_french_word():
  english, french = MosesTokenizer("en"), MosesTokenizer("fr")
  for pair in everything():
    source = english.tokenize(pair.source, escape=False)
    target = french.tokenize(pair.target, escape=False)
    linked, sure = set(), set()
    for link in pair.links.split():
      j, i = map(int, re.fullmatch(r"(\d+)[-p](\d+)", link).groups())
      assert 0 <= j < len(source)
      assert 0 <= i < len(target)
      assert (j, i) not in sure
      linked.add(i)
      sure |= {(j, i)} if "-" in link else set()
    assert linked == set(range(len(target))), pair
    last = (len(source) - 1, len(target) - 1)
    assert last in sure  # mark to mark
    assert source[last[0]] == target[last[1]] in (".", "?")


def test_in_english_order_nothing_crosses_and_the_words_are_the_same():
  crossing = 0
  for split in ("train", "long"):
    for index in range(300):
      own = grammar.pair(config(), split, index)
      pair = grammar.pair(config(order="english"), split, index)
      assert pair.source == own.source
      links = [tuple(map(int, link.split("-"))) for link in pair.links.split() if "-" in link]
      firsts: dict[int, int] = {}
      for j, i in links:
        firsts[i] = min(j, firsts.get(i, j))
      order = [firsts[i] for i in sorted(firsts)]
      assert order == sorted(order), pair
      crossing += own.links != pair.links
      # De and le are one word only where they meet, and a word loses a vowel before another.
      assert abs(len(tokens(pair.target, "fr")) - len(tokens(own.target, "fr"))) <= 4
  assert crossing > 300


ASPIRATED = "(?:héros|hibou|haricot|hache|hérisson|haut|huit|onze)"
OPENING = f"(?!{ASPIRATED})[aeiouyhàâéèêîôûœ]"  # makes the word before it elide


@pytest.mark.parametrize(
  "wrong",
  [
    r"\b(?:de|à) les\b",
    r"\bde (?:des|du)\b",
    r"\b(?:de|à) le (?!\w+(?:er|ir|re|oir)\b)",  # de le voir is right
    r"\bsi ils?\b",
    rf"\b(?:le|la|je|ne|me|se|de|que|puisque) {OPENING}",
    rf"\b(?:[ldnjms]|qu|puisqu)'(?!{OPENING})",
    rf"\b(?:ma|ta|sa) {OPENING}",
    rf"\bce {OPENING}",
    rf"\b(?:un|le|ce|mon|son|notre|votre|leur|du|au|autre) (?:beau|nouveau|vieux) {OPENING}",
    rf"\b(?:bel|nouvel|vieil|cet) (?!{OPENING})",
  ],
)
def test_no_french_is_left_uncontracted(wrong):
  found = [pair.target for pair in everything() if re.search(wrong, pair.target, re.IGNORECASE)]
  assert not found


def test_determiners_agree_with_their_nouns():
  genders, numbers = {}, {}
  for n in entries.NOUNS:
    for plural, form in enumerate(n.french):
      genders.setdefault(form, set()).add(n.feminine)
      numbers.setdefault(form, set()).add(bool(plural))
  others = {w for v in entries.VERBS for forms in v.forms.values() for w in forms}
  others |= {a.form(f, p) for a in entries.ADJECTIVES for f in (False, True) for p in (False, True)}
  dets = {
    "le": (False, False), "un": (False, False), "ce": (False, False), "du": (False, False),
    "au": (False, False), "la": (True, False), "une": (True, False), "cette": (True, False),
    "les": (None, True), "des": (None, True), "ces": (None, True), "aux": (None, True),
    "plusieurs": (None, True), "chaque": (None, False),
  }  # fmt: skip
  seen = Counter()
  for pair in everything():
    row = [w.lower() for w in tokens(pair.target, "fr")]
    for det, word in itertools.pairwise(row):
      if det in dets and word in genders and word not in others:
        feminine, plural = dets[det]
        assert feminine is None or feminine in genders[word], pair
        assert plural in numbers[word], pair
        seen[det] += 1
  assert min(seen[det] for det in dets) >= 5


def test_one_translation_for_each_sentence():
  short = config(max_words=5)
  known: dict[str, str] = {}
  repeated = 0
  for index in range(3000):
    pair = grammar.pair(short, "train", index)
    repeated += pair.source in known
    assert known.setdefault(pair.source, pair.target) == pair.target
  assert repeated  # else nothing was tested


def test_splits_are_disjoint_and_differ():
  splits = {s: {p.source for p in sample(s, 150)} for s in ("train", "valid", "test", "long")}
  splits["train"] = {p.source for p in sample("train", 2500)}
  names = list(splits)
  for k, one in enumerate(names):
    for other in names[k + 1 :]:
      assert not splits[one] & splits[other]


def test_a_pair_is_a_function_of_seed_split_and_index():
  assert grammar.pair(config(), "train", 7) == grammar.pair(config(), "train", 7)
  assert grammar.pair(config(), "train", 7) != grammar.pair(config(), "train", 8)
  assert grammar.pair(config(), "train", 7, seed=2) != grammar.pair(config(), "train", 7)
  assert grammar.pair(config(train=10), "train", 7) == grammar.pair(config(), "train", 7)


def test_draws_are_the_same_everywhere():
  draw = Draw("1/train/0")
  assert [draw.below(1000) for _ in range(4)] == [912, 57, 21, 917]


def test_lengths_are_on_a_dial():
  for low, high in ((3, 3), (3, 5), (12, 12), (40, 42), (80, 80)):
    for index in range(15):
      pair = grammar.pair(config(min_words=low, max_words=high, long_words=81), "train", index)
      assert low <= length(pair.source) <= high
  assert {length(p.source) for p in sample("long", 150)} <= set(range(21, 81))
  lengths = Counter(length(p.source) for p in sample("train", 2500))
  assert set(lengths) == set(range(3, 21))
  assert max(lengths.values()) < 2 * min(lengths.values())  # about uniform


CONSTRUCTIONS = (
  r"\bne \w+ pas\b",
  r"\bn'",
  r"\bne \w+ jamais\b",
  r"\bne \w+ plus\b",
  "^Est-ce qu",
  "^Où est-ce",
  "^Qu'est-ce",
  "^Qui ",
  "^Quel",
  "^Combien d",
  r"\bqui\b",
  r"\bque\b",
  r"\bdont\b",
  r"\boù\b",
  r"\bparce qu",
  r"\bpendant qu",
  r"^Si ",
  r"^S'il",
  r"\bil y a\b",
  r"\bil y avait\b",
  r"\bil neige",
  r"\bplus \w+ que\b",
  r"\baussi \w+ que\b",
  r"\bla plus \w+",
  r"\bpar le\b",
  r"\baux\b",
  r"\bau\b",
  r"\bdes\b",
  r"\bdu\b",
  r"\bde l'",
  r"\blui\b",
  r"\bleur \w+",
  r"\bdit qu",
  r"\bpour \w+er\b",
  r"\ble \d+ \w+ (19|20)\d\d\b",
  r"\ben (19|20)\d\d\b",
  r"\bil y a \w+ \w+s\b",
  r"\ba faim\b",
  r"\bpeut \w+er\b",
  r"\best \w+e par\b|\best \w+ée par\b",
)


def test_constructions_all_occur():
  french = "\n".join(p.target for p in everything())
  for piece in CONSTRUCTIONS:
    assert re.search(piece, french, re.MULTILINE | re.IGNORECASE), piece


def test_size_and_mistakes():
  assert grammar.size(config(), "valid") == 500
  with pytest.raises(UserError, match="no split dev"):
    grammar.pair(config(), "dev", 0)
  with pytest.raises(UserError, match="min_words=2"):
    grammar.pair(config(min_words=2), "train", 0)
  with pytest.raises(UserError, match="long_words=20"):
    grammar.size(config(long_words=20), "long")
