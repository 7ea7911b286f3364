"""Questions, with est-ce que unless they ask for the subject."""

from nmt.data.grammar import noun_phrases as nps
from nmt.data.grammar import predicates
from nmt.data.grammar.clauses import adverbials, person, said, subject, tense_for
from nmt.data.grammar.draw import Draw
from nmt.data.grammar.entries import VERBS, Noun, Phrase, Verb, nouns
from nmt.data.grammar.noun_phrases import NP
from nmt.data.grammar.verb_groups import Core, verb_phrase
from nmt.data.grammar.words import Row, Source, Target, length

_ADVERBS = (
  Phrase("where", "où"),
  Phrase("why", "pourquoi"),
  Phrase("how", "comment"),
  Phrase("when", "quand"),
)
_ASKED = [n for n in nouns("foctuvbas") if n.objects_of and n.english[1]]


def question(d: Draw, words: int, time: str) -> Row:
  """A question of about so many words, without its mark."""
  kind = d.uniform()
  if kind < 0.15:
    who = Source("who")
    np = NP([who], [], [Target("qui", (who,))], "other", False, False)
    source, target = said(d, np, words - 1, time)
    return [who, *source], [np.rest[0], *target]
  if words < 4 or kind < 0.5:
    np = subject(d, min(d.pick((1, 1, 2, 2, 3)), words - 2), False, None)
    return _asked(d, np, words, time, [], [])
  if kind < 0.72:
    source, target = d.pick(_ADVERBS).make()
    np = person(d, min(words - 3, 3))
    return _asked(d, np, words - 1, time, source, target, event=True)
  return _object(d, words, time)


def _asked(
  d: Draw,
  np: NP,
  words: int,
  time: str,
  front: list[Source],
  before: list[Target],
  event: bool = False,
) -> Row:
  """[Where] does the king sleep? -> [Où] est-ce que le roi dort ?"""
  left = max(1, words - 1 - nps.count(np))
  if event:
    core = predicates.action(d, np, left, event=True)
  else:
    core = predicates.predicate(d, np, left, False)
  if core.verb.be:
    left += 1
  tense = tense_for(d, core, time, np.person, False)
  row = _inverted(np, core, tense, front, before)
  missing = words - length(row[0]) + length(front)
  if missing > 0 and not event:
    source, target = adverbials(d, missing, time, np, core, tense)
    row = (row[0] + source, row[1] + target)
  return row


def _inverted(np: NP, core: Core, tense: str, front: list[Source], before: list[Target]) -> Row:
  source, target, operator = verb_phrase(np, core, tense, inverted=True)
  assert operator is not None
  do = operator.text in ("do", "does", "did")
  ask = Target("est-ce", (operator,) if do else (), (operator,))
  que = Target("que", (), (operator,))
  return [*front, operator, *np.source, *source], [*before, ask, que, *np.target, *target]


def _object(d: Draw, words: int, time: str) -> Row:
  """What, which book, how many books does he read?"""
  noun: Noun = d.pick(_ASKED)
  verbs: list[Verb] = [v for v in noun.objects_of if "h" in v.subjects and not v.definite]
  if not verbs or words < 5 or d.chance(0.3):
    return _what(d, words, time)
  plural = d.chance(0.4)
  if words >= 6 and d.chance(0.5):
    plural = True
    how, many, n = Source("how"), Source("many"), Source(noun.english[1])
    front = [how, many, n]
    before = [
      Target("combien", (many,), (how,)),
      Target("de", (), (how, many)),
      Target(noun.french[1], (n,)),
    ]
  else:
    which, n = Source("which"), Source(noun.english[plural])
    form = ("quelles" if plural else "quelle") if noun.feminine else "quels" if plural else "quel"
    front = [which, n]
    before = [Target(form, (which,), (n,)), Target(noun.french[plural], (n,))]
  core = Core(d.pick(verbs), agreement=(noun.feminine, plural))
  return _extracted(d, core, words, time, front, before)


_WHAT = [
  v
  for v in VERBS
  if v.frame == "t" and "h" in v.subjects and not v.objects & frozenset("ha") and not v.state
]


def _what(d: Draw, words: int, time: str) -> Row:
  """What does he read? -> Qu'est-ce qu'il lit ?"""
  what = Source("what")
  return _extracted(d, Core(d.pick(_WHAT)), words, time, [what], [Target("que", (what,))])


def _extracted(
  d: Draw, core: Core, words: int, time: str, front: list[Source], before: list[Target]
) -> Row:
  """The rest of a question that asks for the object."""
  left = words - length(front) - 1 - core.verb.words
  np = person(d, left)
  tense = tense_for(d, core, time, np.person, False)
  source, target = _inverted(np, core, tense, front, before)
  if words > length(source):
    more, plus = adverbials(d, words - length(source), time, np, core, tense)
    source, target = source + more, target + plus
  return source, target
