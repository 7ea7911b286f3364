"""Parts of speech of the grammar's English words, as its lexicon has them."""

import functools
from collections.abc import Iterable

from nmt.data.grammar import lexicon_adjectives
from nmt.data.grammar import lexicon_small as small
from nmt.data.grammar.entries import ADJECTIVES, NOUNS, RELATIONS, VERBS, lines, phrases

# Words that the grammar's rules write themselves, beside its lexicon's.
_CLOSED = {
  "auxiliary": "am is are was were be been being have has do does did will can cannot must",
  "determiner": "a an the some this these every several many another all few which whose",
  "pronoun": "it who what",
  "adverb": "not never longer very ago as more most yesterday today tomorrow now soon"
  " how where why",
  "preposition": "in on at to of by for after before during with",
  "conjunction": "and if",
  "name": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
  "mark": ". , ? ; 's",
}


def english(word: str, first: bool = False) -> str | None:
  """The part of speech of a word; None of one that has several, or that the lexicon doesn't have.

  first: whether it opens its sentence, and so has a capital.
  """
  known = _table()
  if word.isdecimal():
    return "number"
  found = known.get(word)
  return known.get(word[:1].lower() + word[1:]) if found is None and first else found


@functools.cache
def _table() -> dict[str, str | None]:
  every: dict[str, set[str]] = {}

  def add(part: str, words: Iterable[str]) -> None:
    for word in words:
      if word and " " not in word and word != "-":
        every.setdefault(word, set()).add(part)

  def first(table: str) -> list[str]:
    return [row[0] for row in lines(table)]

  for part, words in _CLOSED.items():
    add(part, words.split())
  for noun in (*NOUNS, *(noun for noun, _ in RELATIONS)):
    add("noun", noun.english)
  add("noun", first(lexicon_adjectives.PROFESSIONS))
  add("noun", (word for row in lines(small.UNITS) for word in (row[0], row[2])))
  for adjective in ADJECTIVES:
    add("adjective", (adjective.english, adjective.comparative, adjective.superlative))
  add("adjective", first(small.CLIMATE) + first(small.STATES))
  for verb in VERBS:
    add("verb", verb.english)
    add("preposition", [verb.particle])
  add("verb", first(small.WEATHER))
  for row in phrases(small.PREPOSITIONS):
    add("preposition", row.english if row.words == 1 else [])
  add("adverb", first(small.MANNERS) + first(small.HERE) + first(small.FREQUENCIES))
  add("number", first(small.NUMBERS))
  for table in (small.MEN, small.WOMEN, small.CITIES, small.COUNTRIES, small.MONTHS):
    add("name", first(table))
  add("pronoun", first(small.SUBJECTS) + first(small.OBJECTS))
  add("determiner", first(small.POSSESSIVES))
  for row in phrases(small.CONNECTIVES):
    add("conjunction", row.english if row.words == 1 else [])
  return {word: next(iter(parts)) if len(parts) == 1 else None for word, parts in every.items()}
