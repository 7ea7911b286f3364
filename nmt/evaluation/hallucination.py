"""Translations that left their source: by rules of the literature, which only look at words.

Each rule finds candidates to be read by a person; none of them is proof.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

Words = Sequence[str]
Span = tuple[int, int]  # from, to (exclusive), in words

GOOD = 0.09  # adjusted BLEU of a translation that is worth perturbing: Lee et al.
DETACHED = 0.01  # adjusted BLEU below which a translation has nothing in common: Lee et al.
_WEIGHTS = (1.0, 0.8)  # of unigrams and bigrams in it
_GRAM, _MORE = 4, 2  # of top n-grams: Raunak et al., as Guerreiro et al. (2023) have it


class Oscillation(NamedTuple):
  """The n-gram that a translation repeats most; how often, and how often the source's own most."""

  ngram: tuple[str, ...]
  times: int
  source_times: int
  spans: list[Span]


def adjusted_bleu(translation: Words, reference: Words) -> float:
  """BLEU in [0, 1] of unigrams and bigrams alone, with weights 1 and 0.8 (Lee et al., 2018).

  Clipped precisions and brevity penalty are those of one sentence, without smoothing. Of a single
  word on either side unigrams alone count, for there are no bigrams.
  """
  if not translation or not reference:
    return 0.0
  logarithm = min(0.0, 1 - len(reference) / len(translation))
  for n, weight in enumerate(_WEIGHTS, 1):
    ours, theirs = _ngrams(translation, n), _ngrams(reference, n)
    if n > 1 and not (ours and theirs):
      break
    matched = (ours & theirs).total()
    if not matched:
      return 0.0
    logarithm += weight * math.log(matched / ours.total())
  return math.exp(logarithm)


def detached(translation: Words, reference: Words) -> bool:
  """Whether a translation has next to nothing of its reference: an adjusted BLEU below 0.01.

  Lee et al. (2018) hold the translation of a perturbed source against that of the source by this;
  of a translation alone, the reference takes the second's place. An empty one is not detached.
  """
  return bool(translation) and adjusted_bleu(translation, reference) < DETACHED


def oscillation(source: Words, translation: Words) -> Oscillation | None:
  """The 4-gram that a translation repeats at least twice more often than its source repeats any.

  Raunak et al. (2021): the most frequent n-gram of a translation occurs at least t times more often
  than the most frequent one of its source; n = 4 and t = 2 are of Guerreiro et al. (2023). None:
  the translation does not oscillate.
  """
  ours, theirs = _ngrams(translation, _GRAM), _ngrams(source, _GRAM)
  if not ours:
    return None
  ngram, count = ours.most_common(1)[0]
  most = max(theirs.values(), default=0)
  if count - most < _MORE:
    return None
  places = range(len(translation) - _GRAM + 1)
  spans = [(at, at + _GRAM) for at in places if tuple(translation[at : at + _GRAM]) == ngram]
  return Oscillation(ngram, count, most, _joined(spans))


def untranslated(source: Words, translation: Words, reference: Words) -> list[Span]:
  """Spans of a translation that are source words of which the reference has none.

  A word counts if it has a letter, stands in the source and, whatever its case, nowhere in the
  reference, not even as a part of a word (d'oranges); names that stay as they are in translation
  are in both. Neighbours are one span.
  """
  own, wanted = {word.casefold() for word in source}, " ".join(reference).casefold()
  found = []
  for place, word in enumerate(translation):
    folded = word.casefold()
    if folded in own and folded not in wanted and any(map(str.isalpha, word)):
      found.append((place, place + 1))
  return _joined(found)


def _joined(spans: Sequence[Span]) -> list[Span]:
  """Spans in order, those that touch or overlap made one."""
  found: list[Span] = []
  for start, end in spans:
    if found and start <= found[-1][1]:
      found[-1] = found[-1][0], end
    else:
      found.append((start, end))
  return found


def _ngrams(words: Words, n: int) -> Counter[tuple[str, ...]]:
  return Counter(tuple(words[at : at + n]) for at in range(len(words) - n + 1))
