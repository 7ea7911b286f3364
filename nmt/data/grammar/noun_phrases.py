"""Noun phrases: determiner, adjectives, noun, built in both languages at once."""

from nmt.data.grammar import lexicon_small as small
from nmt.data.grammar.determiners import POSSESSIVES, determiner
from nmt.data.grammar.draw import Draw
from nmt.data.grammar.entries import PERSON, Adjective, Noun, Phrase, lines, nouns, phrases
from nmt.data.grammar.words import Row, Source, Target, length, vowel

NUMBERS = [(row[0], row[1]) for row in lines(small.NUMBERS)]
MEN, WOMEN, CITIES = lines(small.MEN), lines(small.WOMEN), lines(small.CITIES)
COUNTRIES = lines(small.COUNTRIES)
HERE = [Phrase(*row) for row in lines(small.HERE)]
PREPOSITIONS = {" ".join(p.english): p for p in phrases(small.PREPOSITIONS)}
OBJECTS = {row[0]: row[1:] for row in lines(small.OBJECTS)}
HUMANS, SEXED, PLACES = nouns("h"), nouns("w"), nouns("12g", "ou")
PRICED = nouns("y")


class NP:
  """A noun phrase.

  det and rest are its French words; kind is `the`, `one` (un, une), `some` (des, du, de la) or
  `other`; person counts je, il, nous, vous, ils from 0; described: an adjective is there.
  """

  __slots__ = ("described", "det", "feminine", "kind", "noun", "person", "plural", "rest", "source")

  def __init__(
    self,
    source: list[Source],
    det: list[Target],
    rest: list[Target],
    kind: str,
    feminine: bool,
    plural: bool,
    noun: Noun = PERSON,
    person: int = -1,
  ):
    self.source, self.det, self.rest, self.kind = source, det, rest, kind
    self.feminine, self.plural, self.noun = feminine, plural, noun
    self.described = False
    self.person = person if person >= 0 else 4 if plural else 1

  @property
  def target(self) -> list[Target]:
    return self.det + self.rest

  @property
  def human(self) -> bool:
    return "h" in self.noun.tags

  def negated(self) -> list[Target]:
    """The phrase as the direct object of a negated verb: un, une, des, du become de."""
    if self.kind not in ("one", "some"):
      return self.target
    first = self.det[0]
    return [Target("de", first.sure, first.possible), *self.rest]

  def after(self, preposition: str) -> Row:
    """The phrase after an English preposition; de swallows des, du and de la."""
    source, target = PREPOSITIONS[preposition].make()
    return source + self.source, target + self.after_de(target[-1])

  def after_de(self, last: Target) -> list[Target]:
    """The phrase's French after a word that may be de; a swallowed article leaves it its links."""
    if last.text != "de" or self.kind != "some":
      return self.target
    first = self.det[0]
    last.possible += first.sure + first.possible
    return self.rest


def build(
  det: str | NP,
  noun: Noun,
  plural: bool = False,
  pre: Adjective | None = None,
  post: Adjective | None = None,
  very: bool = False,
) -> NP:
  """A noun with its determiner (or its owner) and adjectives.

  det: the, a, some, bare, general, this, every, several, many, a few, all the, another, the row of
  a possessive, `english/french` of a number, or the phrase of the owner (`the king's`).
  """
  n = Source(noun.english[plural])
  head = Target(noun.french[plural], (n,))
  english: list[Source] = []
  before: list[Target] = []
  after: list[Target] = []
  if very:
    adverb = Source("very")
    english.append(adverb)
    (before if pre else after).append(Target("très", (adverb,)))
  if pre:
    a = Source(pre.english)
    english.append(a)
    before.append(Target(pre.form(noun.feminine, plural, vowel(head.text)), (a,)))
  if post:
    a = Source(post.english)
    english.append(a)
    after.append(Target(post.form(noun.feminine, plural), (a,)))
  english.append(n)
  rest = [*before, head, *after]
  if isinstance(det, NP):
    s = Source("'s")
    le = Target("les" if plural else "la" if noun.feminine else "le", (), (n, s), True)
    rest += [Target("de", (s,)), *det.target]
    np = NP([*det.source, s, *english], [le], rest, "the", noun.feminine, plural, noun)
    np.described = len(english) > 1
    return np
  source, words, kind = determiner(
    det, noun, plural, n, rest[0].text, english[0].text, bool(before)
  )
  np = NP(source + english, words, rest, kind, noun.feminine, plural, noun)
  np.described = len(english) > 1
  return np


def superlative(noun: Noun, plural: bool, adjective: Adjective) -> NP:
  """The biggest house -> la plus grande maison; the most useful tool -> l'outil le plus utile."""
  the, n = Source("the"), Source(noun.english[plural])
  if adjective.superlative:
    degree = [Source(adjective.superlative)]
    plus, sure = Target("plus", (), (degree[0],)), (degree[0],)
  else:
    degree = [Source("most"), Source(adjective.english)]
    plus, sure = Target("plus", (degree[0],)), (degree[1],)
  le = "les" if plural else "la" if noun.feminine else "le"
  det, head = Target(le, (the,), (n,), True), Target(noun.french[plural], (n,))
  if adjective.side == "pre":
    rest = [plus, Target(adjective.form(noun.feminine, plural, vowel(head.text)), sure), head]
  else:
    form = Target(adjective.form(noun.feminine, plural), sure)
    rest = [head, Target(le, (), (the, *degree)), plus, form]
  return NP([the, *degree, n], [det], rest, "the", noun.feminine, plural, noun)


def name(d: Draw) -> NP:
  """A person by name."""
  k = d.below(len(MEN) + len(WOMEN))
  english, french = (MEN + WOMEN)[k]
  word = Source(english)
  return NP([word], [], [Target(french, (word,))], "other", k >= len(MEN), False)


def number(d: Draw) -> str:
  """A number above one, in words or in figures."""
  if d.chance(0.8):
    return "/".join(d.pick(NUMBERS))
  figure = d.between(21, 99)
  return f"{figure}/{figure}"


def adjectives(d: Draw, noun: Noun, count: int) -> tuple[Adjective | None, Adjective | None]:
  """At most one adjective before and one after the French noun."""
  if count == 2 and noun.pre and noun.post:
    return d.pick(noun.pre), d.pick(noun.post)
  if count and noun.post and (not noun.pre or d.chance(0.6)):
    return None, d.pick(noun.post)
  return (d.pick(noun.pre) if count and noun.pre else None), None


_PLAIN = ("the",) * 8 + ("a",) * 5 + ("this",) * 2 + ("every", "poss", "poss", "another")
_PLURAL = ("the",) * 7 + ("some", "these", "several", "many", "poss", "poss", "number", "number")
_MASS = ("the",) * 4 + ("some",) * 3 + ("poss", "this")
_DEFINITE = ("the",) * 8 + ("this", "this", "poss", "poss")


def simple(d: Draw, pool: list[Noun], words: int, definite: bool = False) -> NP:
  """A phrase of 2 to 5 words without anything after its noun."""
  noun = d.pick(pool)
  mass = noun.mass
  plural = not mass and bool(noun.english[1]) and d.chance(0.3)
  if words >= 3 and not mass and "x" not in noun.tags and d.chance(0.12):
    k = 1 if words == 3 and d.chance(0.5) else 2
    if k == 1:
      pre, post = adjectives(d, noun, 1)
      return build(name(d), noun, plural, pre, post)
    pre, post = adjectives(d, noun, min(words - 3, 2))
    king = d.pick(HUMANS)
    return build("the" if king is noun else build("the", king), noun, plural, pre, post)
  if words >= 3 and d.chance(0.07):
    adjective = d.pick(noun.pre or noun.post)
    fits = adjective.gradable and (adjective.superlative or words >= 4)
    if fits and adjective.english not in ("good", "bad"):  # le meilleur
      return superlative(noun, plural, adjective)
  if plural and words >= 3 and not definite and d.chance(0.12):
    det, left = d.pick(("all the", "a few")), words - 3
  else:
    det = d.pick(_DEFINITE if definite else _MASS if mass else _PLURAL if plural else _PLAIN)
    left = words - 2
    if det == "poss":
      det = str(d.below(len(POSSESSIVES)))
    elif det == "these":
      det = "this"
    elif det == "number":
      det = number(d)
  pre, post = adjectives(d, noun, min(left, 2))
  grade = pre or post
  very = bool(
    grade
    and grade.gradable
    and not (pre and post and not pre.gradable)
    and left > (pre is not None) + (post is not None)
    and det != "another"
  )
  return build(det, noun, plural, pre, post, very)


def single(d: Draw, pool: list[Noun], general: bool) -> NP:
  """A phrase of one word: a plural or a mass without a determiner."""
  for _ in range(4):
    noun = d.pick(pool)
    if noun.mass or noun.english[1]:
      return build("general" if general else "bare", noun, not noun.mass)
  return build("bare", d.pick(PRICED), True)


def spot(d: Draw, words: int) -> Row:
  """Where a small thing lies, in 3 or more words: on the table, in the box."""
  noun = d.pick(_HOLDERS)
  preposition = "in" if "1" in noun.tags else d.pick(("on", "on", "under"))
  return simple(d, [noun], min(words - 1, 4), definite=True).after(preposition)


_HOLDERS = [n for n in nouns("ou", "z") if n.tags & {"1", "2"}]


def place(d: Draw, words: int) -> Row:
  """Where something happens."""
  if words == 1:
    return d.pick(HERE).make()
  if words == 2:
    if d.chance(0.6):
      english, french = d.pick(CITIES)
      source = [Source("in"), Source(english)]
      return source, [Target("à", (source[0],)), Target(french, (source[1],))]
    english, _, french, preposition = d.pick(COUNTRIES)
    source = [Source("in"), Source(english)]
    return source, [Target(preposition, (source[0],)), Target(french, (source[1],))]
  noun = d.pick(PLACES)
  options = [p for tag, p in (("1", "in"), ("2", "on"), ("g", "at")) if tag in noun.tags]
  if "p" not in noun.tags or d.chance(0.3):
    options += ["near", "behind", "around"] if "b" in noun.tags else ["near"]
    if words > 4:
      options += ["in front of", "next to"]
  preposition = d.pick(options)
  return simple(d, [noun], words - len(preposition.split()), definite=True).after(preposition)


def relation(d: Draw, words: int) -> NP:
  """`the roof of the house`, in 5 or more words."""
  while True:
    whole = d.pick(_WHOLES)
    part = d.pick(whole.relations)
    np = build("the", part)
    # `middle of a town`, not `middle of many towns`
    source, target = simple(d, [whole], words - 3, definite=True).after("of")
    np.source += source
    np.rest += target
    return np


_WHOLES = [n for n in HUMANS + nouns("foyctsbpva") if n.relations]


def join(one: NP, other: NP, english: str, french: str) -> NP:
  """Two phrases joined by and."""
  word = Source(english)
  source = [*one.source, word, *other.source]
  rest = [*one.target, Target(french, (word,)), *other.target]
  feminine = one.feminine and other.feminine
  return NP(source, [], rest, "other", feminine, True, one.noun)


def count(np: NP) -> int:
  """English words."""
  return length(np.source)


def tonic(word: str) -> NP:
  """A pronoun after a preposition: with him."""
  source = Source(word)
  target = Target(OBJECTS[word][2], (source,))
  return NP([source], [], [target], "other", word == "her", False)


_BUT_I = ("him", "her", "you", "them")
_BUT_YOU = ("me", "him", "her", "us", "them")
_OTHERS = (_BUT_I, tuple(OBJECTS), _BUT_I, _BUT_YOU, tuple(OBJECTS))


def object_pronoun(d: Draw, subject: NP) -> str:
  """An English pronoun that is not the subject over again (I ... me)."""
  return d.pick(_OTHERS[subject.person])
