"""Noun phrases with a clause or a place after them: the king who sleeps, the book that he reads.

A relative clause is a clause again, so this module and `clauses` need each other.
"""

from nmt.data.grammar import attributes, clauses
from nmt.data.grammar import noun_phrases as nps
from nmt.data.grammar.draw import Draw
from nmt.data.grammar.entries import BE, Noun, nouns
from nmt.data.grammar.noun_phrases import NP
from nmt.data.grammar.verb_groups import Core, verb_phrase
from nmt.data.grammar.words import Source, Target, length

_SETTINGS = frozenset("bp")
_PARTS = [n for n in nouns("oacvb") if "n" not in n.tags]


def phrase(d: Draw, pool: list[Noun], words: int, definite: bool = False, join: bool = True) -> NP:
  """A noun phrase of about so many words, 2 or more; join allows `the king and the queen`."""
  if words <= 4 and (words < 4 or d.chance(0.6)):
    return nps.simple(d, pool, words, definite)
  kind = d.uniform()
  if join and words >= 5 and kind < 0.25:
    one = nps.simple(d, pool, min(d.between(2, words - 3), 4), definite=True)
    other = nps.simple(d, pool, max(2, min(words - 1 - nps.count(one), 4)), definite=True)
    return nps.join(one, other, "and", "et")
  head = nps.simple(d, pool, d.pick((2, 2, 3)) if words >= 5 else 2, definite)
  if kind < 0.8:
    relative(d, head, words - nps.count(head))
  elif head.noun.tags & frozenset("hafoct"):
    source, target = nps.place(d, max(2, min(words - nps.count(head), 5)))
    head.source, head.rest = head.source + source, head.rest + target
  return head


def relative(d: Draw, head: NP, words: int) -> None:
  """Adds a relative clause of about so many words, 2 or more."""
  kind = d.uniform()
  if words >= 4 and head.human and kind < 0.15:
    return _whose(d, head, words)
  if words >= 4 and head.noun.tags & _SETTINGS and kind < 0.3:
    return _where(d, head, words)
  if words >= 3 and head.noun.objects_of and kind < 0.5:
    return _object(d, head, words)
  return _subject(d, head, words)


def _add(head: NP, source: list[Source], target: list[Target]) -> None:
  head.source, head.rest = head.source + source, head.rest + target


def _subject(d: Draw, head: NP, words: int) -> None:
  """Who sleeps, that is big -> qui dort, qui est grand."""
  who = Source("who" if head.human else "that")
  source, target = clauses.said(d, head, words - 1, d.pick(("present", "present", "past")))
  _add(head, [who, *source], [Target("qui", (who,)), *target])


def _object(d: Draw, head: NP, words: int) -> None:
  """That the king reads -> que le roi lit; a participle agrees with the head."""
  verbs = [v for v in head.noun.objects_of if "h" in v.subjects]
  if not verbs:
    return _subject(d, head, words)
  core = Core(d.pick(verbs), agreement=(head.feminine, head.plural))
  that = Source("whom" if head.human else "that")
  left = words - 1 - core.verb.words
  np = clauses.person(d, left)
  time = d.pick(("present", "past", "past"))
  tense = clauses.tense_for(d, core, time, np.person, True)
  source, target, _ = verb_phrase(np, core, tense)
  _add(head, [that, *np.source, *source], [Target("que", (that,)), *np.target, *target])
  return None


def _whose(d: Draw, head: NP, words: int) -> None:
  """Whose house is big -> dont la maison est grande."""
  noun, plural = d.pick(_PARTS), d.chance(0.25)
  whose, n = Source("whose"), Source(noun.english[plural])
  le = Target("les" if plural else "la" if noun.feminine else "le", (), (whose, n), True)
  part = NP([n], [le], [Target(noun.french[plural], (n,))], "the", noun.feminine, plural, noun)
  complement = attributes.attribute(d, part, words - 3)
  source, target, _ = verb_phrase(part, Core(BE, *complement), d.pick(("present", "past")))
  _add(head, [whose, n, *source], [Target("dont", (whose,)), *part.target, *target])


def _where(d: Draw, head: NP, words: int) -> None:
  """Where the king works -> où le roi travaille."""
  where = Source("where")
  np = clauses.person(d, words - 2)
  left = max(1, words - 1 - length(np.source))
  source, target = clauses.does(d, np, left, d.pick(("present", "past")))
  _add(head, [where, *np.source, *source], [Target("où", (where,)), *np.target, *target])
