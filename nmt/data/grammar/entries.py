"""The lexicon read into entries, and what goes with what."""

from dataclasses import dataclass, field

from nmt.data.grammar import lexicon_adjectives, lexicon_nouns, lexicon_verbs
from nmt.data.grammar import morphology as m
from nmt.data.grammar.words import ASPIRATED, Source, Target


@dataclass(frozen=True)
class Noun:
  """A noun: (singular, plural) of each language; an empty plural is missing."""

  english: tuple[str, str]
  french: tuple[str, str]
  feminine: bool
  tags: frozenset[str]
  pre: list["Adjective"] = field(default_factory=list, compare=False)
  post: list["Adjective"] = field(default_factory=list, compare=False)
  after_be: list["Adjective"] = field(default_factory=list, compare=False)
  objects_of: list["Verb"] = field(default_factory=list, compare=False)
  relations: list["Noun"] = field(default_factory=list, compare=False)

  @property
  def mass(self) -> bool:
    return "~" in self.tags


@dataclass(frozen=True)
class Adjective:
  """An adjective; `french[feminine][plural]`, and the form before a vowel."""

  english: str
  comparative: str
  superlative: str
  french: tuple[tuple[str, str], tuple[str, str]]
  before_vowel: str
  side: str
  gradable: bool
  tags: frozenset[str]

  def form(self, feminine: bool, plural: bool, vowel: bool = False) -> str:
    if vowel and not feminine and not plural:
      return self.before_vowel
    return self.french[feminine][plural]


@dataclass(frozen=True)
class Verb:
  """A verb; English (base, s, past, participle, gerund), French forms by tense and person."""

  english: tuple[str, str, str, str, str]
  particle: str
  infinitive: str
  forms: dict[str, tuple[str, ...]]
  participle: str
  fixed: str
  reflexive: bool
  frame: str
  subjects: frozenset[str]
  objects: frozenset[str]
  essere: bool
  state: bool
  general: bool
  definite: bool
  pool: list[Noun] = field(default_factory=list, compare=False)

  @property
  def words(self) -> int:
    return 2 if self.particle else 1

  @property
  def be(self) -> bool:
    """To be, which is avoir in: he is hungry."""
    return self.english[0] == "be"


class Phrase:
  """A fixed phrase of both languages with its links."""

  __slots__ = ("english", "french", "links", "words")

  def __init__(self, english: str, french: str, links: str = ""):
    self.english, self.french = english.split(), french.split()
    self.words = len(self.english)
    pairs = links.split() or [f"{k}-{k}" for k in range(len(self.french))]
    self.links: list[tuple[list[int], list[int]]] = [([], []) for _ in self.french]
    for pair in pairs:
      j, i = pair.replace("p", "-").split("-")
      self.links[int(i)]["p" in pair].append(int(j))

  def make(self) -> tuple[list[Source], list[Target]]:
    source = [Source(word) for word in self.english]
    target = [
      Target(word, tuple([source[j] for j in sure]), tuple([source[j] for j in possible]))
      for word, (sure, possible) in zip(self.french, self.links, strict=True)
    ]
    return source, target


def lines(table: str) -> list[list[str]]:
  """The rows of a table, split into fields."""
  return [row.split() for row in table.strip().splitlines()]


def phrases(table: str) -> list[Phrase]:
  """The rows of a table of fixed phrases."""
  rows = [[part.strip() for part in row.split("|")] for row in table.strip().splitlines()]
  return [Phrase(*row) for row in rows]


def _bare(word: str) -> str:
  """The word without its mark, which is noted."""
  if word.startswith("*"):
    word = word[1:]
    ASPIRATED.update((word, m.french_plural(word)))
  return word


def _noun(fields: list[str]) -> Noun:
  english, french, gender, tags = fields
  one, _, many = english.partition("/")
  un, _, des = french.partition("/")
  un = _bare(un)
  if french.startswith("*") and des:
    ASPIRATED.add(des)
  plural = "" if many == "-" else many or m.english_plural(one)
  forms = (un, des or m.french_plural(un))
  woman = "F" if gender == "f" and "w" in tags else ""
  return Noun((one, plural), forms, gender == "f", frozenset(tags + woman))


def _adjective(fields: list[str]) -> Adjective:
  english, french, side, tags = fields
  base, _, comparative = english.partition("/")
  forms = [_bare(form) for form in french.split("/")]
  masculine, feminine = forms[:2]
  return Adjective(
    base,
    comparative,
    comparative[:-1] + "st" if comparative.endswith("er") else "",
    ((masculine, m.french_plural(masculine)), (feminine, m.french_plural(feminine))),
    forms[-1] if len(forms) == 3 else masculine,
    side.rstrip("!"),
    not side.endswith("!"),
    frozenset(tags),
  )


def verb(
  english: str, french: str, frame: str, subjects: str = "h", objects: str = "-", flags: str = ""
) -> Verb:
  """A verb of the lexicon's fields."""
  parts = english.split("/")
  base, _, particle = parts[0].partition("_")
  past = parts[1] if len(parts) > 1 else m.english_past(base)
  participle = parts[2] if len(parts) > 2 else past
  gerund = parts[3] if len(parts) > 3 else m.english_gerund(base)
  third = m.english_plural(base)
  reflexive = french.startswith("se_")
  infinitive, _, fixed = french.removeprefix("se_").partition("_")
  forms, french_participle = m.conjugate(infinitive)
  return Verb(
    (base, third, past, participle, gerund),
    particle,
    infinitive,
    forms,
    french_participle,
    fixed,
    reflexive,
    frame,
    frozenset(subjects),
    frozenset(objects) - {"-"},
    "e" in flags,
    "s" in flags,
    "g" in flags,
    "1" in flags,
  )


ASPIRATED.update(("huit", "onze"))
NOUNS = [_noun(row) for row in lines(lexicon_nouns.NOUNS)]
ADJECTIVES = [_adjective(row) for row in lines(lexicon_adjectives.ADJECTIVES)]
RELATIONS: list[tuple[Noun, frozenset[str]]] = []  # with the classes of what they take
for *_row, _of, _said in lines(lexicon_nouns.RELATIONS):
  _n = _noun([*_row, "h" if _row[0] == "owner" else "R"])
  _n.after_be.extend(a for a in ADJECTIVES if a.english in _said.split(","))
  RELATIONS.append((_n, frozenset(_of)))
PROFESSIONS = [
  (english, tuple(french.split("/"))) for english, french in lines(lexicon_adjectives.PROFESSIONS)
]
VERBS = [verb(*row) for row in lines(lexicon_verbs.VERBS)]
BE = verb("be/was/been/being", "être", "be", flags="s")
BECOME = verb("be/was/been/being", "être", "be")  # of the passive: an event, a été construit
HAVE = verb("be/was/been/being", "avoir", "be", flags="s")  # is hungry: a faim
CAN, MUST = verb("can", "pouvoir", "c"), verb("must", "devoir", "c")


def nouns(tags: str | frozenset[str], without: str = "") -> list[Noun]:
  """The nouns that belong to one of the classes."""
  return [n for n in NOUNS if n.tags & frozenset(tags) and not n.tags & frozenset(without)]


for _n in NOUNS:
  for _a in ADJECTIVES:
    if _n.tags & _a.tags:
      _n.after_be.append(_a)
      if _a.side != "be":
        (_n.pre if _a.side == "pre" else _n.post).append(_a)
  _n.relations.extend(r for r, of in RELATIONS if of & _n.tags)
# Who a pronoun or a name stands for.
PERSON = Noun(("person", "people"), ("personne", "personnes"), False, frozenset("hw"))
PERSON.after_be.extend(a for a in ADJECTIVES if "h" in a.tags)
for _v in VERBS:
  if _v.frame == "t" and "h" in _v.objects:
    PERSON.objects_of.append(_v)
  _v.pool.extend(nouns(_v.objects))
  if _v.frame == "t":
    for _n in _v.pool:
      _n.objects_of.append(_v)
