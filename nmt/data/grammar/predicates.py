"""What is said of a subject: a verb and complements of a wanted number of words."""

from nmt.data.grammar import lexicon_small as small
from nmt.data.grammar import noun_phrases as nps
from nmt.data.grammar.draw import Draw
from nmt.data.grammar.entries import BE, BECOME, HAVE, PROFESSIONS, VERBS, Noun, Phrase, lines
from nmt.data.grammar.morphology import article
from nmt.data.grammar.noun_phrases import NP
from nmt.data.grammar.verb_groups import Core, infinitive, passive
from nmt.data.grammar.words import Row, Source, Target, length

STATES = lines(small.STATES)
WELL = (Phrase("well", "bien"), Phrase("badly", "mal"))
_SKILLS = frozenset(("dormir", "chanter", "danser", "nager", "travailler"))
_INFINITIVE_MARK = {"c": None, "cà": "à", "cde": "de"}
_BY = {
  "i": 12,
  "t": 44,
  "d": 8,
  "A": 5,
  "D": 7,
  "N": 2,
  "L": 3,
  "G": 4,
  "P": 3,
  "c": 5,
  "cà": 2,
  "cde": 4,
}
_LEAST = {
  "i": 1, "t": 2, "d": 3, "A": 2, "D": 2, "N": 3, "L": 3, "G": 4, "P": 5, "c": 3, "cà": 3, "cde": 3
}  # fmt: skip


def _frames(subject_class: str) -> list[list[tuple[str, list]]]:
  """Frames open to a subject, each as often as its weight, for every number of words."""
  table = []
  for words in range(9):
    row = []
    for frame, weight in _BY.items():
      verbs = [v for v in VERBS if v.frame == frame and subject_class in v.subjects]
      if verbs and _LEAST[frame] <= words:
        row += [(frame, verbs)] * weight
    table.append(row)
  return table


FRAMES = {kind: _frames(kind) for kind in "hav"}
_ONLY_BE: frozenset[str] = frozenset()


def subject_class(subject: NP) -> str:
  """h, a, v, or empty for what does nothing."""
  if subject.human:
    return "h"
  tags = subject.noun.tags
  return "a" if "a" in tags else "v" if "v" in tags else ""


def predicate(d: Draw, subject: NP, words: int, negative: bool, depth: int = 0) -> Core:
  """A core of at most so many words; what is left is filled with adverbials."""
  kind = subject_class(subject)
  if words >= 2 and (not kind or d.chance(0.75 if kind == "v" else 0.4 if kind == "a" else 0.18)):
    return copula(d, subject, words)
  if not kind:
    return copula(d, subject, max(words, 2))
  return action(d, subject, kind, words, negative, depth)


def action(
  d: Draw, subject: NP, kind: str, words: int, negative: bool, depth: int = 0
) -> Core:
  """A core whose verb is not to be."""
  row = FRAMES[kind][min(words, 8)]
  frame, verbs = d.pick(row)
  while depth and frame in _INFINITIVE_MARK:
    frame, verbs = d.pick(row)
  verb = d.pick(verbs)
  core = Core(verb)
  left = words - verb.words
  if frame == "i":
    if left and verb.infinitive in _SKILLS and d.chance(0.4):
      core.middle = d.pick(WELL)
    return core
  if frame in _INFINITIVE_MARK:
    return _with_infinitive(d, core, subject, left, _INFINITIVE_MARK[frame], negative)
  if frame in ("L", "G"):
    return _somewhere(d, core, left)
  if frame == "t":
    _direct(d, core, d.between(1, max(1, min(left, 8))), negative)
  elif frame == "d":
    _ditransitive(d, core, left, negative)
  elif frame == "P":
    _put(d, core, left, negative)
  else:
    _indirect(d, core, left)
  return core


def _with_infinitive(
  d: Draw, core: Core, subject: NP, left: int, mark: str | None, negative: bool
) -> Core:
  inner = action(d, subject, subject_class(subject), max(left - 1, 1), False, 1)
  to = Source("to")
  source, target = infinitive(subject, inner)
  core.source = [to, *source]
  if mark:
    core.target = [Target(mark, (to,)), *target]
  else:
    verb_word = next(t for t in target if t.sure and t.sure[0] is source[0])
    verb_word.possible = (*verb_word.possible, to)
    core.target = target
  return core


def _clitic(core: Core, english: str, indirect: bool) -> None:
  word = Source(english)
  core.source.append(word)
  core.clitics.append(Target(nps.OBJECTS[english][1 if indirect else 0], (word,)))
  if not indirect:
    core.agreement = (english == "her", english in ("us", "you", "them"))


def _direct(d: Draw, core: Core, words: int, negative: bool) -> None:
  verb = core.verb
  if words == 1 or d.chance(0.1):
    if words == 1 and "h" in verb.objects and d.chance(0.7):
      if d.chance(0.75):
        _clitic(core, d.pick(tuple(nps.OBJECTS)), False)
        return
      np = nps.name(d)
    elif words == 1:
      np = nps.single(d, verb.pool, verb.general)
      if not np.source or np.noun not in verb.pool:
        np = nps.simple(d, verb.pool, 2)
      elif verb.definite:
        np = nps.simple(d, verb.pool, 2, definite=True)
    else:
      np = phrase(d, verb.pool, words, verb.definite)
  else:
    np = phrase(d, verb.pool, words, verb.definite)
  core.source += np.source
  core.target += np.negated() if negative else np.target


def _ditransitive(d: Draw, core: Core, left: int, negative: bool) -> None:
  if left == 2 or d.chance(0.45):  # gives him the book
    _clitic(core, d.pick(tuple(nps.OBJECTS)), True)
    left -= 1
    if left == 1:
      np = nps.single(d, core.verb.pool, False)
    else:
      np = phrase(d, core.verb.pool, d.between(2, min(left, 6)), False)
    core.source += np.source
    core.target += np.negated() if negative else np.target
    return
  thing_words = 1 if left == 3 else d.between(2, max(2, min(left - 2, 5)))
  if thing_words == 1:
    np = nps.single(d, core.verb.pool, False)
  else:
    np = phrase(d, core.verb.pool, thing_words, False)
  left -= nps.count(np) + 1
  person = nps.name(d) if left < 2 else phrase(d, nps.HUMANS, min(left, 5), False)
  source, target = person.after("to")
  core.source += np.source + source
  core.target += (np.negated() if negative else np.target) + target


def _put(d: Draw, core: Core, left: int, negative: bool) -> None:
  thing = nps.simple(d, core.verb.pool, 2, definite=True)
  where = d.pick(_CONTAINERS)
  holder = nps.simple(d, [where], max(2, min(left - nps.count(thing) - 1, 5)), definite=True)
  source, target = holder.after("in" if "1" in where.tags else "on")
  core.source += thing.source + source
  core.target += thing.target + target


_CONTAINERS = [n for n in nps.nouns("ou") if n.tags & {"1", "2"}]


def _indirect(d: Draw, core: Core, left: int) -> None:
  verb = core.verb
  people = "h" in verb.objects
  if people and left == 1 or people and d.chance(0.15):
    english = d.pick(tuple(nps.OBJECTS))
    if verb.frame == "A":
      _clitic(core, english, True)
      return
    np = nps.tonic(english) if d.chance(0.5) else nps.name(d)
  elif left == 1:
    np = nps.simple(d, verb.pool, 2, definite=True)
  else:
    np = phrase(d, verb.pool, d.between(2, min(left, 7)), verb.definite or verb.frame == "N")
    if verb.frame == "D" and "q" in verb.objects:
      np = nps.build("the", d.pick(verb.pool))
  preposition = Target({"A": "à", "D": "de", "N": "dans"}[verb.frame])
  core.source += np.source
  rest = np.after_de(preposition)
  core.target += [preposition, *rest]


def _somewhere(d: Draw, core: Core, left: int) -> Core:
  if core.verb.frame == "L":
    source, target = nps.place(d, max(2, min(left, 5)))
  else:
    goal = nps.simple(d, _GOALS, max(2, min(left - 1, 5)), definite=True)
    source, target = goal.after("to")
  core.source += source
  core.target += target
  return core


_GOALS = nps.nouns("g")


def phrase(d: Draw, pool: list[Noun], words: int, definite: bool) -> NP:
  """A noun phrase of about so many words (2 or more), with what follows the noun."""
  if words <= 3:
    return nps.simple(d, pool, words, definite)
  if words == 4 and d.chance(0.6):
    return nps.simple(d, pool, words, definite)
  if words >= 5 and d.chance(0.35):
    return _joined(d, pool, words)
  if words >= 5 and d.chance(0.65):
    head = nps.simple(d, pool, d.pick((2, 2, 3)), definite)
    relative(d, head, words - nps.count(head))
    return head
  if words >= 5 and d.chance(0.6):
    head = nps.simple(d, pool, 2, definite)
    if head.noun.tags & frozenset("hafoct"):
      source, target = nps.place(d, min(words - 2, 5))
      head.source += source
      head.rest += target
    return head
  return nps.simple(d, pool, words, definite)


def _joined(d: Draw, pool: list[Noun], words: int) -> NP:
  """Two definite phrases joined by and."""
  first = d.between(2, words - 3)
  one = nps.simple(d, pool, min(first, 4), definite=True)
  other = nps.simple(d, pool, max(2, min(words - 1 - nps.count(one), 4)), definite=True)
  return nps.join(one, other, "and", "et")


def relative(d: Draw, head: NP, words: int) -> None:
  """Adds a relative clause of about so many words: who sleeps, that the king reads."""
  from nmt.data.grammar.clauses import object_relative, subject_relative

  verbs = head.noun.objects_of
  if words >= 3 and verbs and d.chance(0.45):
    object_relative(d, head, words)
  else:
    subject_relative(d, head, words)


def copula(d: Draw, subject: NP, words: int) -> Core:
  """To be and what follows; at least 2 words."""
  kind = d.uniform()
  left = words - 1
  person = subject.person
  if subject.human and kind < 0.12:
    english, french = d.pick(STATES)
    word = Source(english)
    return Core(HAVE, [word], [Target(french, (word,))], static=True)
  if subject.human and left >= 3 and kind < 0.17:
    return _age(d)
  sexed = subject.noun is None or "w" in subject.noun.tags
  if sexed and subject.human and person == 1 and left >= 2 and kind < 0.28:
    english, forms = d.pick(PROFESSIONS)
    a, word = Source(article(english)), Source(english)
    return Core(BE, [a, word], [Target(forms[subject.feminine], (word,), (a,))], static=True)
  if subject.noun is not None and left >= 3 and kind > 0.72 and subject.noun.objects_of:
    return _passive(d, subject, left)
  if left >= 2 and kind > 0.55 and _movable(subject):
    source, target = nps.place(d, min(left, 5))
    return Core(BE, source, target, static=True)
  source, target = attribute(d, subject, left)
  return Core(BE, source, target, static=True)


def _movable(subject: NP) -> bool:
  return subject.noun is None or bool(subject.noun.tags & frozenset("haoctvf"))


def _age(d: Draw) -> Core:
  english, french = nps.number(d).split("/")
  number, years, old = Source(english), Source("years"), Source("old")
  target = [Target(french, (number,)), Target("ans", (years,), (old,))]
  return Core(HAVE, [number, years, old], target, static=True)


def _passive(d: Draw, subject: NP, left: int) -> Core:
  verbs = [v for v in subject.noun.objects_of if "h" in v.subjects and not v.state]
  if not verbs:
    source, target = attribute(d, subject, left)
    return Core(BE, source, target, static=True)
  verb = d.pick(verbs)
  source, target = passive(verb, subject)
  if left - verb.words >= 2:
    words = left - verb.words - 1
    agent = nps.name(d) if words == 1 else phrase(d, nps.HUMANS, min(words, 6), False)
    by, par = agent.after("by")
    return Core(BECOME, source + by, target + par)
  return Core(BECOME, source, target)


_HUMAN_ADJECTIVES = next(n for n in nps.HUMANS if n.english[0] == "man").after_be


def attribute(d: Draw, subject: NP, words: int) -> Row:
  """What follows to be: tall, very tall, taller than the king, as tall as the king."""
  pool = subject.noun.after_be if subject.noun else _HUMAN_ADJECTIVES
  adjective = d.pick(pool)
  word = Source(adjective.english)
  form = adjective.form(subject.feminine, subject.plural)
  if words >= 3 and adjective.gradable and (words <= 7 or d.chance(0.5)):
    return _comparison(d, subject, adjective, words)
  if words >= 3 and len(pool) > 1:
    other = d.pick(pool)
    if other is not adjective:
      also, conjunction = Source(other.english), Source("and")
      target = [
        Target(form, (word,)),
        Target("et", (conjunction,)),
        Target(other.form(subject.feminine, subject.plural), (also,)),
      ]
      return [word, conjunction, also], target
  if words >= 2 and adjective.gradable:
    english, french = d.pick((("very", "très"), ("too", "trop"), ("so", "si")))
    degree = Source(english)
    return [degree, word], [Target(french, (degree,)), Target(form, (word,))]
  return [word], [Target(form, (word,))]


def _comparison(d: Draw, subject: NP, adjective, words: int) -> Row:
  form = adjective.form(subject.feminine, subject.plural)
  better = {"good": ("meilleur", "meilleure"), "bad": ("pire", "pire")}.get(adjective.english)
  equal = d.chance(0.35)
  if equal or not adjective.comparative:
    degree, french = (Source("as"), "aussi") if equal else (Source("more"), "plus")
    word, than = Source(adjective.english), Source("as" if equal else "than")
    source = [degree, word, than]
    target = [Target(french, (degree,)), Target(form, (word,)), Target("que", (than,))]
  else:
    word, than = Source(adjective.comparative), Source("than")
    source = [word, than]
    if better:
      form = better[subject.feminine] + ("s" if subject.plural else "")
      target = [Target(form, (word,)), Target("que", (than,))]
    else:
      target = [Target("plus", (), (word,)), Target(form, (word,)), Target("que", (than,))]
  left = words - length(source)
  if subject.human:
    if left == 1 and d.chance(0.5):
      np = nps.tonic(d.pick(tuple(nps.OBJECTS)))
    elif left <= 1:
      np = nps.name(d)
    else:
      np = phrase(d, nps.HUMANS, min(left, 6), True)
  else:
    pool = [n for n in nps.nouns(adjective.tags) if n.tags & subject.noun.tags]
    np = phrase(d, pool, max(2, min(left, 6)), True)
  return source + np.source, target + np.target
