"""To be and what follows it: tall, taller than the king, a dancer, in the garden, built by Paul."""

from nmt.data.grammar import lexicon_small as small
from nmt.data.grammar import noun_phrases as nps
from nmt.data.grammar import relatives
from nmt.data.grammar.draw import Draw
from nmt.data.grammar.entries import BE, BECOME, HAVE, PROFESSIONS, Adjective, lines, nouns
from nmt.data.grammar.morphology import agree, article
from nmt.data.grammar.noun_phrases import NP
from nmt.data.grammar.verb_groups import Core
from nmt.data.grammar.words import Row, Source, Target, length

STATES = lines(small.STATES)
AGES = [row for row in nps.NUMBERS if row[0] in ("twenty", "thirty", "forty", "fifty", "sixty")]
_DEGREES = (("very", "très"), ("too", "trop"), ("so", "si"))
_IRREGULAR = {"good": ("meilleur", "meilleure"), "bad": ("pire", "pire")}


def copula(d: Draw, subject: NP, words: int) -> Core:
  """To be and its complement, of about so many words, at least 2."""
  kind, left, noun = d.uniform(), words - 1, subject.noun
  if subject.human and kind < 0.12:
    english, french = d.pick(STATES)
    word = Source(english)
    return Core(HAVE, [word], [Target(french, (word,))])
  if subject.human and left >= 3 and kind < 0.17:
    return _age(d)
  sexed = subject.human and subject.person == 1 and "w" in noun.tags
  if sexed and left >= 2 and kind < 0.28:
    english, forms = d.pick(PROFESSIONS)
    a, word = Source(article(english)), Source(english)
    return Core(BE, [a, word], [Target(forms[subject.feminine], (word,), (a,))])
  if kind > 0.72 and noun.objects_of and left >= 3:
    core = _passive(d, subject, left)
    if core:
      return core
  if left >= 2 and kind > 0.55 and noun.tags & frozenset("haoctvf"):
    if not noun.tags & frozenset("hav") and left >= 3:
      return Core(BE, *nps.spot(d, left))
    return Core(BE, *nps.place(d, min(left, 5)))
  return Core(BE, *attribute(d, subject, left))


def _age(d: Draw) -> Core:
  if d.chance(0.5):
    english, french = d.pick(AGES)
  else:
    english = french = str(d.between(21, 95))
  number, years, old = Source(english), Source("years"), Source("old")
  target = [Target(french, (number,)), Target("ans", (years,), (old,))]
  return Core(HAVE, [number, years, old], target)


def _passive(d: Draw, subject: NP, left: int) -> Core | None:
  verb = d.pick(subject.noun.objects_of)
  if "h" not in verb.subjects or verb.state or verb.particle:
    return None
  word = Source(verb.english[3])
  target = [Target(agree(verb.participle, subject.feminine, subject.plural), (word,))]
  if left < 3:
    return Core(BECOME, [word], target)
  agent = (
    nps.name(d) if left == 3 else relatives.phrase(d, nps.HUMANS, min(left - 2, 6), join=False)
  )
  by, par = agent.after("by")
  return Core(BECOME, [word, *by], target + par)


def attribute(d: Draw, subject: NP, words: int) -> Row:
  """An adjective that agrees with the subject, with more around it up to so many words."""
  pool = subject.noun.after_be
  adjective = d.pick(pool)
  for _ in range(4):  # a red door is heavy rather than blue
    if adjective.gradable or not subject.described:
      break
    adjective = d.pick(pool)
  if words >= 3 and adjective.gradable and d.chance(0.7):
    row = _comparison(d, subject, adjective, words)
    if row:
      return row
  word = Source(adjective.english)
  row = ([word], [Target(adjective.form(subject.feminine, subject.plural), (word,))])
  if words in (2, 4) and adjective.gradable:
    english, french = d.pick(_DEGREES)
    degree = Source(english)
    row = ([degree, *row[0]], [Target(french, (degree,)), *row[1]])
  if words >= 3:
    other = d.pick(pool)
    if other is not adjective:
      word, also = Source("and"), Source(other.english)
      form = other.form(subject.feminine, subject.plural)
      row = (
        [*row[0], word, also],
        [*row[1], Target("et", (word,)), Target(form, (also,))],
      )
  return row


def _comparison(d: Draw, subject: NP, adjective: Adjective, words: int) -> Row | None:
  """Taller than the king -> plus grand que le roi; as tall as -> aussi grand que."""
  form = adjective.form(subject.feminine, subject.plural)
  equal = d.chance(0.35)
  than = Source("as" if equal else "than")
  que = Target("que", (than,))
  if equal or not adjective.comparative:
    degree, french = (Source("as"), "aussi") if equal else (Source("more"), "plus")
    word = Source(adjective.english)
    source = [degree, word, than]
    target = [Target(french, (degree,)), Target(form, (word,)), que]
  else:
    word = Source(adjective.comparative)
    source = [word, than]
    if adjective.english in _IRREGULAR:
      form = _IRREGULAR[adjective.english][subject.feminine] + ("s" if subject.plural else "")
      target = [Target(form, (word,)), que]
    else:
      target = [Target("plus", (), (word,)), Target(form, (word,)), que]
  left = words - length(source)
  if subject.human:
    if left <= 1:
      np = nps.tonic(nps.object_pronoun(d, subject)) if d.chance(0.5) else nps.name(d)
    else:
      np = relatives.phrase(d, nps.HUMANS, min(left, 6), definite=True)
  else:
    tags = adjective.tags & subject.noun.tags
    pool = [n for n in nouns(tags) if n is not subject.noun and not n.mass]
    if left < 2 or not pool:
      return None
    np = relatives.phrase(d, pool, min(left, 6), definite=True)
  return source + np.source, target + np.target
