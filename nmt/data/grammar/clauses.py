"""Clauses: a subject, what is said of it, and adverbials up to a wanted number of words."""

from nmt.data.grammar import lexicon_small as small
from nmt.data.grammar import noun_phrases as nps
from nmt.data.grammar.draw import Draw
from nmt.data.grammar.entries import Phrase, Verb, lines, phrases
from nmt.data.grammar.noun_phrases import NP
from nmt.data.grammar.predicates import action, phrase, predicate, subject_class
from nmt.data.grammar.verb_groups import Core, infinitive, verb_phrase
from nmt.data.grammar.words import Row, Source, Target, length

PRONOUNS = lines(small.SUBJECTS)
MANNERS = [Phrase(*row) for row in lines(small.MANNERS)]
FREQUENCIES = [Phrase(*row) for row in lines(small.FREQUENCIES)]
TIMES: dict[str, dict[int, list[Phrase]]] = {}
for _row in small.TIMES.strip().splitlines():
  _when, *_parts = [part.strip() for part in _row.split("|")]
  _phrase = Phrase(*_parts)
  for _time in ("past", "present", "future") if _when == "any" else (_when,):
    TIMES.setdefault(_time, {}).setdefault(_phrase.words, []).append(_phrase)
MONTHS = lines(small.MONTHS)
UNITS = lines(small.UNITS)
TENSES = {
  "present": ("present",) * 6 + ("progressive",) * 3 + ("can", "must"),
  "past": ("past",) * 8 + ("was",) * 3 + ("perfect",),
  "future": ("future",),
}
_SUBJECTS = nps.nouns("fotcuvbpx")
_ANIMALS = nps.nouns("a")


def pick_time(d: Draw) -> str:
  """Present, past or future."""
  return d.pick(("present",) * 5 + ("past",) * 5 + ("future",) * 2)


def pronoun(d: Draw) -> NP:
  """A personal pronoun as a subject; they is ils, I, we and you are men."""
  english, french, person = d.pick(PRONOUNS)
  return subject_pronoun(english, french, int(person))


def subject_pronoun(english: str, french: str, person: int, feminine: bool = False) -> NP:
  """A pronoun as a subject."""
  word = Source(english)
  feminine = feminine or french == "elle"
  np = NP([word], [], [Target(french, (word,))], "other", feminine, person >= 2, None, person)
  np.pronoun = True
  return np


def subject(d: Draw, words: int) -> NP:
  """A subject of about so many words."""
  if words == 1:
    return pronoun(d) if d.chance(0.65) else nps.name(d)
  draw = d.uniform()
  if words == 3 and draw < 0.1:
    return nps.join(nps.name(d), nps.name(d), "and", "et")
  if words >= 5 and draw < 0.2:
    return nps.relation(d, words)
  pool = nps.HUMANS if draw < 0.62 else _ANIMALS if draw < 0.78 else _SUBJECTS
  return phrase(d, pool, words, definite=d.chance(0.7))


def tense_for(d: Draw, core: Core, time: str, person: int, plain: bool) -> str:
  """A tense of this time that the verb has."""
  tense = d.pick(TENSES[time])
  verb = core.verb
  be = verb.english[0] == "be"
  if tense in ("progressive", "was", "perfect") and (verb.state or be or verb.frame == "S"):
    tense = "present" if tense == "progressive" else "past"
  if tense in ("can", "must") and (verb.state or be):
    tense = "present"
  # they put, I read: present or past? keep apart
  if tense == "present" and plain and person != 1 and verb.english[0] == verb.english[2]:
    tense = "progressive"
  return tense


def clause(
  d: Draw, words: int, time: str, who: NP | None = None, fill: bool = True, depth: int = 0
) -> Row:
  """A declarative clause of about so many words."""
  np = who or subject(d, _subject_words(d, words))
  left = words - (0 if who and not who.source else nps.count(np))
  source, target = said(d, np, left, time, fill)
  return np.source + source, np.target + target


def _subject_words(d: Draw, words: int) -> int:
  if words <= 3:
    return 1 if d.chance(0.7) or words < 3 else 2
  return min(d.pick((1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 5, 6)), words - 2)


def said(d: Draw, np: NP, left: int, time: str, fill: bool = True) -> Row:
  """The verb phrase of a clause, of about `left` words, adverbials included."""
  negation, adverb = "", None
  if left >= 3 and d.chance(0.16):
    negation = d.pick(("not", "not", "not", "not", "never", "no longer"))
  elif left >= 3 and d.chance(0.1):
    adverb = d.pick(FREQUENCIES)
  cost = len(negation.split()) + (negation == "not") + (adverb is not None) + (time == "future")
  core = predicate(d, np, max(1, left - cost), bool(negation))
  tense = tense_for(d, core, time, np.person, not negation)
  if adverb and tense in ("can", "must", "progressive", "was"):
    tense = "present" if time == "present" else "past"
  source, target = verb_phrase(np, core, tense, negation, adverb)[:2]
  if fill and left > length(source):
    more, plus = adverbials(d, left - length(source), time, np, core)
    source, target = source + more, target + plus
  return source, target


def adverbials(d: Draw, left: int, time: str, np: NP, core: Core) -> Row:
  """Manner, company, place, time and purpose, in this order, up to `left` words."""
  slots: list[Row | None] = [None] * 5
  frame = core.verb.frame
  human = subject_class(np) == "h"
  still = core.static or core.verb.state
  options = [3, 3]
  if not still:
    options += [0] if subject_class(np) in ("h", "a") and core.middle is None else []
    options += [2] if frame not in ("L", "G", "P", "N") else []
    options += [1, 4] if human and frame in ("i", "t", "G", "d") else []
  while left > 0 and options:
    slot = d.pick(options)
    options = [k for k in options if k != slot]
    row: Row | None = None
    if slot == 0:
      row = d.pick(MANNERS).make()
    elif slot == 1 and left >= 2:
      row = company(d, left)
    elif slot == 2 and left >= 2:
      row = nps.place(d, left if left <= 5 else d.between(2, 5))
    elif slot == 3:
      row = when(d, left, time)
    elif slot == 4 and left >= 3:
      row = purpose(d, left, np)
    if row:
      slots[slot] = row
      left -= length(row[0])
  source: list[Source] = []
  target: list[Target] = []
  for row in slots:
    if row:
      source, target = source + row[0], target + row[1]
  return source, target


def company(d: Draw, left: int) -> Row:
  """With somebody."""
  if left == 2:
    np = nps.tonic(d.pick(tuple(nps.OBJECTS))) if d.chance(0.6) else nps.name(d)
  else:
    np = nps.simple(d, nps.HUMANS, min(left - 1, d.between(2, 4)), definite=True)
  return np.after("with")


def purpose(d: Draw, left: int, np: NP) -> Row:
  """To buy a car -> pour acheter une voiture."""
  core = action(d, np, "h", left - 1, False, 1)
  source, target = infinitive(np, core)
  to = Source("to")
  return [to, *source], [Target("pour", (to,)), *target]


def when(d: Draw, left: int, time: str) -> Row | None:
  """A time of at most `left` words."""
  table = TIMES[time]
  kind = d.uniform()
  if left >= 4 and time != "present" and kind < 0.3:
    return date(d, time, left)
  if left >= 3 and time == "past" and kind < 0.5:
    return duration(d)
  if left == 2 and time != "present" and kind < 0.4:
    return year(d, time)
  sizes = [size for size in table if size <= left]
  if not sizes:
    return None
  size = left if left in table else d.pick(sizes)
  return d.pick(table[size]).make()


def _figure(d: Draw, time: str) -> str:
  return str(d.between(1950, 2015) if time == "past" else d.between(2030, 2060))


def year(d: Draw, time: str) -> Row:
  """In 1998."""
  preposition, number = Source("in"), Source(_figure(d, time))
  return [preposition, number], [Target("en", (preposition,)), Target(number.text, (number,))]


def date(d: Draw, time: str, left: int) -> Row:
  """On 14 July 1998, in July 1998."""
  english, french = d.pick(MONTHS)
  month, number = Source(english), Source(_figure(d, time))
  months, years = Target(french, (month,)), Target(number.text, (number,))
  if d.chance(0.4):
    preposition = Source("in")
    return [preposition, month, number], [Target("en", (preposition,)), months, years]
  on, day = Source("on"), Source(str(d.between(2, 28)))
  return [on, day, month, number], [Target("le", (), (on,)), Target(day.text, (day,)), months, years]


def duration(d: Draw) -> Row:
  """Three years ago, for three years."""
  english, french = nps.number(d).split("/")
  _, _, many, plural = d.pick(UNITS)
  number, unit = Source(english), Source(many)
  numbers, units = Target(french, (number,)), Target(plural, (unit,))
  if d.chance(0.5):
    ago = Source("ago")
    target = [Target("il", (), (ago,)), Target("y", (), (ago,)), Target("a", (), (ago,))]
    return [number, unit, ago], [*target, numbers, units]
  word = Source("for")
  return [word, number, unit], [Target("pendant", (word,)), numbers, units]


def subject_relative(d: Draw, head: NP, words: int) -> None:
  """Adds `who ...`, `that ...` -> `qui ...`."""
  who = Source("who" if head.human and d.chance(0.8) else "that")
  time = d.pick(("present", "present", "past"))
  source, target = said(d, head, words - 1, time)
  head.source = [*head.source, who, *source]
  head.rest = [*head.rest, Target("qui", (who,)), *target]


def object_relative(d: Draw, head: NP, words: int) -> None:
  """Adds `that the king reads` -> `que le roi lit`; a participle agrees with the head."""
  verbs: list[Verb] = [v for v in head.noun.objects_of if "h" in v.subjects]
  if not verbs:
    return subject_relative(d, head, words)
  core = Core(d.pick(verbs), agreement=(head.feminine, head.plural))
  that = Source("that")
  left = words - 1 - core.verb.words
  np = subject_human(d, left)
  time = d.pick(("present", "past", "past"))
  tense = tense_for(d, core, time, np.person, True)
  source, target = verb_phrase(np, core, tense)[:2]
  more = left - nps.count(np) - (length(source) - core.verb.words)
  if more > 0 and not core.verb.state:
    row = when(d, more, time)
    if row:
      source, target = source + row[0], target + row[1]
  head.source = [*head.source, that, *np.source, *source]
  head.rest = [*head.rest, Target("que", (that,)), *np.target, *target]
  return None


def subject_human(d: Draw, words: int) -> NP:
  """A short human subject."""
  if words <= 1 or d.chance(0.4):
    return pronoun(d) if d.chance(0.65) else nps.name(d)
  return nps.simple(d, nps.HUMANS, min(words, 3), definite=True)
