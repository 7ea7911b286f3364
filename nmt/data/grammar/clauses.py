"""Clauses: a subject, what is said of it, and adverbials up to a wanted number of words."""

from nmt.data.grammar import lexicon_small as small
from nmt.data.grammar import noun_phrases as nps
from nmt.data.grammar import predicates, relatives
from nmt.data.grammar.adverbials import FREQUENCIES, MANNERS, company, when
from nmt.data.grammar.draw import Draw
from nmt.data.grammar.entries import PERSON, lines, nouns
from nmt.data.grammar.noun_phrases import NP
from nmt.data.grammar.verb_groups import Core, infinitive, verb_phrase
from nmt.data.grammar.words import Row, Source, Target, length

PRONOUNS = lines(small.SUBJECTS)
TENSES = {
  "present": ("present",) * 6 + ("progressive",) * 3 + ("can", "must"),
  "past": ("past",) * 8 + ("was",) * 3 + ("perfect",),
  "future": ("future",),
}
_SUDDEN = frozenset(
  ("mourir", "tomber", "disparaître", "oublier", "perdre", "entendre", "recevoir")
)
_THINGS, _ANIMALS = nouns("fotcuvbpx"), nouns("a")


def pronoun(english: str, french: str, person: int, antecedent: NP | None = None) -> NP:
  """A pronoun as a subject, standing for the antecedent if there is one."""
  word = Source(english)
  noun = antecedent.noun if antecedent else PERSON
  feminine = french in ("elle", "elles")
  return NP([word], [], [Target(french, (word,))], "other", feminine, person >= 2, noun, person)


def person(d: Draw, words: int, previous: NP | None = None) -> NP:
  """A pronoun, a name or a short phrase for a person, of at most so many words.

  They is ils, or elles after a plural of women or things feminine in French; I, we and you are men.
  """
  if words <= 1 or d.chance(0.4):
    if d.chance(0.35):
      return nps.name(d)
    english, french, number = d.pick(PRONOUNS)
    if previous and english == "they":
      if previous.person != 4:
        english, french, number = d.pick(PRONOUNS[:-1])
      elif previous.feminine:
        french = "elles"
    return pronoun(english, french, int(number))
  return nps.simple(d, nps.HUMANS, min(words, 3), definite=True)


def subject(d: Draw, words: int, alive: bool, previous: NP | None) -> NP:
  """A subject of about so many words; alive: somebody or an animal."""
  if words == 1:
    return person(d, 1, previous)
  draw = d.uniform()
  if words == 3 and draw < 0.1:
    return nps.join(nps.name(d), nps.name(d), "and", "et")
  if words >= 5 and draw < 0.2 and not alive:
    return nps.relation(d, words)
  pool = nps.HUMANS if draw < 0.62 else _ANIMALS if draw < 0.78 or alive else _THINGS
  return relatives.phrase(d, pool, words, definite=d.chance(0.7))


def tense_for(d: Draw, core: Core, time: str, person: int, plain: bool) -> str:
  """A tense of this time that the verb has; plain: without do."""
  tense, verb = d.pick(TENSES[time]), core.verb
  if tense != "future" and (verb.state or verb.be):
    tense = time
  if tense == "present" and plain and person != 1 and verb.english[0] == verb.english[2]:
    return "progressive"  # they put: present or past?
  return tense


def clause(
  d: Draw,
  words: int,
  time: str,
  who: NP | None = None,
  previous: NP | None = None,
  alive: bool = False,
  event: str = "",
  timed: bool = False,
) -> tuple[Row, NP]:
  """A declarative clause of about so many words, and its subject.

  who: a given subject; previous: the subject of the clause before; alive: the subject is somebody
  or an animal; event: `when` something happens, or `while`; timed: when, is said already.
  """
  if who is None:
    size = min(d.pick((1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 4, 5, 6)), max(1, words - 2))
    who = subject(d, size, alive or bool(event), previous)
  left = max(1, words - nps.count(who))
  if event:
    source, target = does(d, who, left, time, event == "while")
  else:
    source, target = said(d, who, left, time, timed)
  return (who.source + source, who.target + target), who


def said(d: Draw, np: NP, left: int, time: str, timed: bool = False) -> Row:
  """The verb phrase of a clause, of about `left` words, adverbials included."""
  negation, adverb = "", None
  if left >= 3 and d.chance(0.16):
    negation = d.pick(("not", "not", "not", "not", "never", "no longer"))
  elif left >= 3 and d.chance(0.1):
    adverb = d.pick(FREQUENCIES)
  cost = len(negation.split()) + (negation == "not") + (adverb is not None) + (time == "future")
  core = predicates.predicate(d, np, max(1, left - cost), bool(negation))
  if negation == "no longer" and core.target and core.target[0].text == "plus":
    negation = "never"  # rather than ne ... plus plus grand
  if adverb and core.verb.be and not np.human:
    adverb = None
  tense = tense_for(d, core, time, np.person, negation != "not")
  if (adverb or negation == "never") and tense in ("can", "must", "progressive", "was"):
    tense = time
    if time == "present" and np.person != 1 and core.verb.english[0] == core.verb.english[2]:
      tense = "must"  # they never put: present or past?
  if tense == "perfect" and timed:
    tense = "past"
  source, target, _ = verb_phrase(np, core, tense, negation, adverb)
  return _filled(d, (source, target), left, time, np, core, tense, timed or adverb is not None)


def does(d: Draw, np: NP, left: int, time: str, lasting: bool = False) -> Row:
  """The verb phrase of an action; lasting: one that goes on."""
  core = predicates.action(d, np, left - lasting, event=True)
  tense = tense_for(d, core, time, np.person, True)
  if lasting:
    tense = {"past": "was", "present": "progressive"}.get(time, tense)
  source, target, _ = verb_phrase(np, core, tense)
  return _filled(d, (source, target), left, time, np, core, tense)


def _filled(
  d: Draw, row: Row, left: int, time: str, np: NP, core: Core, tense: str, timed: bool = False
) -> Row:
  left -= length(row[0])
  if left <= 0:
    return row
  source, target = adverbials(d, left, time, np, core, tense, timed)
  return row[0] + source, row[1] + target


def adverbials(
  d: Draw, left: int, time: str, np: NP, core: Core, tense: str, timed: bool = False
) -> Row:
  """Manner, company, place, time and purpose, in this order, up to `left` words.

  timed: when, is said already. Nor is it said with a perfect.
  """
  timed = timed or tense == "perfect"
  frame, kind = core.verb.frame, predicates.subject_class(np)
  if core.verb.state and (kind != "h" or not core.verb.be):
    return [], []
  options = [] if timed else ["time", "time"]
  if not core.verb.state:
    if kind in ("h", "a") and frame in ("i", "t", "d") and core.middle is None:
      options += ["manner"] if core.verb.infinitive not in _SUDDEN else []
    if frame in ("i", "t", "be", "D", "A"):
      options.append("place")
    if kind == "h" and frame in ("i", "t", "G"):
      options += ["company", "purpose"]
  rows: dict[str, Row] = {}
  while left > 0 and options:
    slot = d.pick(options)
    options = [other for other in options if other != slot]
    if slot == "manner":
      rows[slot] = d.pick(MANNERS if frame != "i" else MANNERS[:-3]).make()
    elif slot == "company" and left >= 2:
      rows[slot] = company(d, left, np)
    elif slot == "place":
      rows[slot] = nps.place(d, left if left <= 5 else d.between(2, 5))
    elif slot == "time":
      rows[slot] = when(d, left, time, tense == "past" and not core.verb.state)
    elif slot == "purpose" and left >= 3:
      rows[slot] = purpose(d, left, np)
    if slot in rows:
      left -= length(rows[slot][0])
  source: list[Source] = []
  target: list[Target] = []
  for slot in ("manner", "company", "place", "time", "purpose"):
    if slot in rows:
      source, target = source + rows[slot][0], target + rows[slot][1]
  return source, target


def purpose(d: Draw, left: int, np: NP) -> Row:
  """To buy a car -> pour acheter une voiture."""
  core = predicates.action(d, np, left - 1, event=True)
  while core.verb.essere or core.verb.infinitive in _SUDDEN:  # not: to die, to lose the key
    core = predicates.action(d, np, left - 1, event=True)
  source, target = infinitive(np, core)
  to = Source("to")
  return [to, *source], [Target("pour", (to,)), *target]
