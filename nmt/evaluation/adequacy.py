"""Words said twice and words left out: REP and DROP scores (Malaviya et al., 2018)."""

import itertools
from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

from nmt.data.links import Link

Words = Sequence[str]

_TWICE_IN_A_ROW = 2.0  # lambda_2 of REP, against lambda_1 = 1 for bigrams


class Repetition(NamedTuple):
  """Of one translation: what REP adds up, and the bigrams that it counts, each with how often."""

  points: float
  bigrams: dict[tuple[str, str], int]


class Dropped(NamedTuple):
  """Of one sentence: the source words that the reference translates, and those of them left out."""

  translated: frozenset[int]
  dropped: frozenset[int]


def repetition(translation: Words, reference: Words) -> Repetition:
  """REP of a sentence (Malaviya et al., 2018), with bigrams and its weights 1 and 2.

  sigma(t, r) = sum over bigrams s with t(s) >= 2 of max(0, t(s) - r(s))
                + 2 sum over words w of max(0, t(w w) - r(w w))

  t and r count how often a bigram is in the translation and in the reference.
  """
  ours, theirs = _bigrams(translation), _bigrams(reference)
  found, points = {}, 0.0
  for bigram, count in ours.items():
    more = max(0, count - theirs[bigram])
    in_a_row = bigram[0] == bigram[1]
    if more and (count >= 2 or in_a_row):
      found[bigram] = more
      points += more * (count >= 2) + _TWICE_IN_A_ROW * more * in_a_row
  return Repetition(points, found)


def rep(found: Sequence[Repetition], reference_words: int) -> float:
  """REP of a corpus: 100 times the sum of its sentences, by the words of the references."""
  total = sum(one.points for one in found)
  return 100 * total / reference_words if reference_words else 0.0


def dropped(reference: Collection[Link], translation: Collection[Link]) -> Dropped:
  """What DROP asks of a sentence: source words with a link to the reference and none to ours.

  Links are (source word, target word); the same aligner should have made both.
  """
  wanted = frozenset(j for j, _ in reference)
  return Dropped(wanted, wanted - {j for j, _ in translation})


def drop(found: Sequence[Dropped]) -> float | None:
  """DROP of a corpus in percent (Malaviya et al., 2018); None where nothing is linked."""
  total = sum(len(one.translated) for one in found)
  return 100 * sum(len(one.dropped) for one in found) / total if total else None


def _bigrams(words: Words) -> Counter[tuple[str, str]]:
  return Counter(itertools.pairwise(words))
