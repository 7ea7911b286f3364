"""Sentences of a wanted number of words."""

from nmt.data.grammar import lexicon_small as small
from nmt.data.grammar import noun_phrases as nps
from nmt.data.grammar.adverbials import when
from nmt.data.grammar.clauses import clause, person, pronoun
from nmt.data.grammar.draw import Draw
from nmt.data.grammar.entries import VERBS, lines, nouns, phrases
from nmt.data.grammar.noun_phrases import NP
from nmt.data.grammar.questions import question
from nmt.data.grammar.verb_groups import Core, verb_phrase
from nmt.data.grammar.words import Row, Source, Target, length

CONNECTIVES = {" ".join(p.english): p for p in phrases(small.CONNECTIVES)}
WEATHER, CLIMATE = lines(small.WEATHER), lines(small.CLIMATE)
_COMMA = frozenset(("and", "but", "whereas", "so"))
_SUBORDINATE = frozenset(("while", "when", "as soon as"))
_ALIVE = frozenset(("because", "since", "so"))
_BY_TIME = {
  "past": (
    "and",
    "and",
    "and",
    "but",
    "but",
    "because",
    "because",
    "while",
    "when",
    "so",
    "whereas",
  ),
  "future": ("and", "and", "but", "because", "so", "whereas"),
}
_BY_TIME["present"] = (*_BY_TIME["past"], "as soon as", "since")
_COORDINATE = ("and", "and", "and", "but", "but", "so", "whereas")
_PLAIN = ("and", "and", "but", "whereas")
_LIVING = frozenset("ha")
_THAT = [v for v in VERBS if v.frame == "S"]


def sentence(d: Draw, words: int) -> Row:
  """A sentence of about so many words."""
  kind = d.uniform()
  time = d.pick(("present",) * 5 + ("past",) * 5 + ("future",) * 2)
  if words <= 12 and kind < 0.14:
    row = question(d, words, time)
    return _closed(row, "?")
  if words >= 8 and kind < 0.24:
    return _closed(_subordinate_first(d, words), ".")
  if words >= 6 and kind < 0.3:
    row = when(d, min(words - 4, d.between(1, 4)), time)
    _mark(row, ",")
    return _closed(_chain(d, row, words, time, timed=True), ".")
  return _closed(_chain(d, ([], []), words, time), ".")


def _mark(row: Row, text: str) -> None:
  word = Source(text)
  row[0].append(word)
  row[1].append(Target(text, (word,)))


def _closed(row: Row, text: str) -> Row:
  _mark(row, text)
  return row


def _subordinate_first(d: Draw, words: int) -> Row:
  """When he sleeps, the king dreams. If it rains, we will stay."""
  english = d.pick(("when", "if", "because", "while"))
  time = "present" if english == "if" else d.pick(("present", "past"))
  if english == "if":
    word = Source("if")
    source, target = [word], [Target("si", (word,))]
  else:
    source, target = CONNECTIVES[english].make()
  size = d.between(3, min(8, words - 5))
  row, previous = _part(d, size, time, english if english in _SUBORDINATE else "")
  row = (source + row[0], target + row[1])
  _mark(row, ",")
  return _chain(d, row, words, "future" if english == "if" else time, previous)


def _chain(
  d: Draw,
  row: Row,
  words: int,
  time: str,
  previous: NP | None = None,
  timed: bool = False,
) -> Row:
  """Clauses joined by connectives up to so many words; the last is drawn until it fits."""
  left = words - length(row[0])
  connective, event, alive, nested = "", "", False, False
  while left > 12 or (left >= 8 and d.chance(0.35)):
    size = min(d.between(4, 9), left - 5)
    part, previous = _part(d, size, time, event, previous, alive, timed)
    row = (row[0] + part[0], row[1] + part[1])
    # nothing happens `when a lemon is French`
    thing = previous is not None and not previous.noun.tags & _LIVING
    options = _PLAIN if thing else _COORDINATE if nested else _BY_TIME[time]
    before, connective = connective, d.pick(options)
    while connective == before == "whereas":
      connective = d.pick(options)
    nested = connective not in _COMMA
    if not nested:
      _mark(row, ",")
    source, target = CONNECTIVES[connective].make()
    row = (row[0] + source, row[1] + target)
    event = connective if connective in _SUBORDINATE else ""
    alive, timed = connective in _ALIVE, False
    left = words - length(row[0])
  if left < 2:
    return row  # too long already
  for _ in range(12):
    part, _ = _part(d, left, time, event, previous, alive, timed)
    if length(part[0]) == left:
      break
  return row[0] + part[0], row[1] + part[1]


def _part(
  d: Draw,
  words: int,
  time: str,
  event: str = "",
  previous: NP | None = None,
  alive: bool = False,
  timed: bool = False,
) -> tuple[Row, NP | None]:
  """One clause of a chain, which may speak of the subject of the one before."""
  kind = d.uniform()
  if previous is not None and kind < 0.35 and not (event or alive):
    who = _again(previous)
    if who:
      return clause(d, words, time, who=who)
  if 3 <= words <= 6 and kind > 0.95 and _says_nothing_of_it(previous):
    return _weather(d, words, time), None
  if words >= 5 and not event and kind > 0.91:
    return _there(d, words, time), None
  if words >= 5 and kind > 0.85 and time != "past":
    return _that(d, words)
  return clause(d, words, time, previous=previous, alive=alive, event=event, timed=timed)


def _says_nothing_of_it(previous: NP | None) -> bool:
  """Whether `it` can only be the weather: not after `the soup is good`."""
  return previous is None or previous.human or previous.plural


def _again(previous: NP) -> NP | None:
  """A pronoun for a noun just used."""
  if previous.plural or previous.person != 1 or previous.noun.mass:
    return None
  if "h" in previous.noun.tags:
    if "w" not in previous.noun.tags:
      return None
    return pronoun(*(("she", "elle") if previous.feminine else ("he", "il")), 1, previous)
  return pronoun("it", "elle" if previous.feminine else "il", 1, previous)


def _that(d: Draw, words: int) -> tuple[Row, NP | None]:
  """He says that it will rain -> il dit qu'il pleuvra."""
  np = person(d, 1 if words < 6 else 2)
  source, target, _ = verb_phrase(np, Core(d.pick(_THAT)), "present")
  that = Source("that")
  source = [*np.source, *source, that]
  time = d.pick(("present", "past", "future"))
  (more, plus), _ = clause(d, words - length(source), time, previous=np)
  return (source + more, [*np.target, *target, Target("que", (that,)), *plus]), None


def _it(verb: list[Source], french: Target) -> Row:
  it = Source("it")
  return [it, *verb], [Target("il", (it,)), french]


_INDEX = {"present": 0, "past": 1, "future": 2}


def _weather(d: Draw, words: int, time: str) -> Row:
  """It is raining -> il pleut; it is cold -> il fait froid."""
  k = _INDEX[time]
  if d.chance(0.5):
    gerund, base, *forms = d.pick(WEATHER)
    auxiliary = Source(("is", "was", "will")[k])
    main = Source(base if time == "future" else gerund)
    source, target = _it([auxiliary, main], Target(forms[k], (main,), (auxiliary,)))
    if words > 3 and d.chance(0.5):
      more, plus = nps.place(d, min(words - 3, 5))
      source, target = source + more, target + plus
  else:
    english, french, *forms = d.pick(CLIMATE)
    verb = [Source(w) for w in (("is",), ("was",), ("will", "be"))[k]]
    word = Source(english)
    source, target = _it(verb, Target(forms[k], (verb[-1],), tuple(verb[:-1])))
    source, target = [*source, word], [*target, Target(french, (word,))]
  if words > length(source) and target[-1].text not in ("tard", "tôt"):
    more, plus = when(d, words - length(source), time)
    source, target = source + more, target + plus
  return source, target


_SEEN = nouns("haotuf", "z")


def _there(d: Draw, words: int, time: str) -> Row:
  """There is a cat in the garden -> il y a un chat dans le jardin."""
  size = max(2, min(words - 4 - (time == "future"), 4))
  noun = d.pick(_SEEN)
  plural = bool(noun.english[1]) and not noun.mass and d.chance(0.4)
  det = "some" if noun.mass else d.pick(("many", "several", nps.number(d))) if plural else "a"
  pre, post = nps.adjectives(d, noun, size - 2)
  np = nps.build(det, noun, plural, pre, post)
  there = Source("there")
  if time == "future":
    verb = [Source("will"), Source("be")]
  else:
    words_of_be = (("is", "are"), ("was", "were"))[time == "past"]
    verb = [Source(words_of_be[plural])]
  has = ("a", "avait", "aura")[_INDEX[time]]
  target = [Target("il", (there,)), Target("y", (), (there,))]
  target.append(Target(has, (verb[-1],), tuple(verb[:-1])))
  source = [there, *verb, *np.source]
  target += np.target
  left = words - length(source)
  small = left >= 3 and not noun.tags & frozenset("hau")
  more, plus = nps.spot(d, left) if small else nps.place(d, max(2, min(left, 5)))
  return source + more, target + plus
