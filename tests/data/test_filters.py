import numpy as np
import pytest

from nmt.data import filters
from nmt.data.corpora import open_corpus
from nmt.data.filters import Rules
from nmt.data.pair import Pair
from nmt.data.parallel import Pool
from nmt.errors import UserError

PAIRS = [
  ("a b", "x y", "kept"),
  ("", "x", "empty"),
  ("a", " \u00a0", "empty"),
  ("a b", "x y", "duplicate"),
  ("a b", "x z", "kept"),  # one side alone may repeat
  ("a", "x y", "too_short"),
  ("a b c d e f g h", "x y z", "too_long"),
  ("a b c d e", "x y", "ratio"),
  ("a b c d", "x y", "kept"),
]
RULES = Rules(min_words=2, max_words=7, max_ratio=2.0, distinct=True)


@pytest.fixture
def corpus(data, tmp_path):
  for column, language in enumerate(("en", "fr")):
    content = "".join(f"{row[column]}\n" for row in PAIRS)
    (tmp_path / f"text/s.{language}").write_text(content)
  return open_corpus(data, "s")


def test_each_pair_is_kept_or_counted_once(corpus):
  kept, counts = filters.survey(corpus, RULES, Pool())
  assert kept.tolist() == [index for index, row in enumerate(PAIRS) if row[2] == "kept"]
  verdicts = [row[2] for row in PAIRS]
  found = {name: counts[name] for name in filters.NAMES}
  assert found == {name: verdicts.count(name) for name in filters.NAMES}
  assert sum(found.values()) == len(corpus)


def test_rules_can_be_switched_off(corpus):
  kept, counts = filters.survey(corpus, Rules(0, 0, 0.0, False), Pool())
  assert counts["kept"] == len(PAIRS) - 2
  assert counts["empty"] == 2
  assert np.all(np.diff(kept) > 0)


def test_the_bounds_themselves_are_kept():
  rules = Rules(min_words=2, max_words=4, max_ratio=2.0, distinct=False)
  assert rules.verdict(Pair("a b", "a b c d")) == filters.KEPT


def test_filters_that_leave_nothing_say_what_fell_to_which(corpus):
  with pytest.raises(UserError, match=r"nothing of 9 .*empty 2, too_short 7"):
    filters.survey(corpus, Rules(20, 0, 0.0, True), Pool())


def test_a_corpus_of_copies_is_refused_and_a_few_are_counted(data, tmp_path):
  for language in ("en", "fr"):
    lines = [f"{index} a\n" for index in range(89)] + [f"{language} {x} b\n" for x in range(11)]
    (tmp_path / f"text/s.{language}").write_text("".join(lines))
  corpus = open_corpus(data, "s")
  rules = Rules(1, 0, 0.0, True)
  assert filters.survey(corpus, rules, Pool())[1]["identical"] == 89
  (tmp_path / "text/s.fr").write_text((tmp_path / "text/s.en").read_text())
  with pytest.raises(UserError, match=r"^100 of 100 training pairs .*data\.source, data\.target"):
    filters.survey(open_corpus(data, "s"), rules, Pool())
