"""When, where, how, with whom and to what end."""

from nmt.data.grammar import lexicon_small as small
from nmt.data.grammar import noun_phrases as nps
from nmt.data.grammar.draw import Draw
from nmt.data.grammar.entries import Phrase, lines
from nmt.data.grammar.noun_phrases import NP
from nmt.data.grammar.words import Row, Source, Target

MANNERS = [Phrase(*row) for row in lines(small.MANNERS)]
FREQUENCIES = [Phrase(*row) for row in lines(small.FREQUENCIES)]
MONTHS, UNITS = lines(small.MONTHS), lines(small.UNITS)


def _times() -> dict[str, dict[int, list[Phrase]]]:
  """Fixed phrases by time and number of English words."""
  table: dict[str, dict[int, list[Phrase]]] = {"past": {}, "present": {}, "future": {}}
  for row in small.TIMES.strip().splitlines():
    time, *parts = [part.strip() for part in row.split("|")]
    fixed = Phrase(*parts)
    for name in table if time == "any" else (time,):
      table[name].setdefault(fixed.words, []).append(fixed)
  return table


TIMES = _times()


def company(d: Draw, left: int, subject: NP) -> Row:
  """With, without or for somebody, in 2 or more words."""
  if left == 2:
    named = d.chance(0.4)
    np = nps.name(d) if named else nps.tonic(nps.object_pronoun(d, subject))
  else:
    np = nps.simple(d, nps.HUMANS, min(left - 1, d.between(2, 4)), definite=True)
  return np.after(d.pick(("with", "with", "without", "for")))


def when(d: Draw, left: int, time: str, bounded: bool = False) -> Row:
  """A time of at most `left` words, 1 or more; bounded: what is over may have lasted so long."""
  table = TIMES[time]
  kind = d.uniform()
  if time != "present":
    if left >= 3 and kind < 0.3:
      return _date(d, time, left)
    if left >= 3 and time == "past" and kind < 0.5:
      return _duration(d, bounded)
    if left == 2 and kind < 0.4:
      preposition, number = Source("in"), Source(_figure(d, time))
      return [preposition, number], [Target("en", (preposition,)), Target(number.text, (number,))]
  size = left if left in table else d.pick([size for size in table if size <= left])
  return d.pick(table[size]).make()


def _figure(d: Draw, time: str) -> str:
  return str(d.between(1950, 2015) if time == "past" else d.between(2030, 2060))


def _date(d: Draw, time: str, left: int) -> Row:
  """On 14 July 1998, in July 1998."""
  english, french = d.pick(MONTHS)
  month, number = Source(english), Source(_figure(d, time))
  months, years = Target(french, (month,)), Target(number.text, (number,))
  if left == 3 or d.chance(0.3):
    preposition = Source("in")
    return [preposition, month, number], [Target("en", (preposition,)), months, years]
  on, day = Source("on"), Source(str(d.between(2, 28)))
  return [on, day, month, number], [
    Target("le", (), (on,)),
    Target(day.text, (day,)),
    months,
    years,
  ]


def _duration(d: Draw, bounded: bool) -> Row:
  """Three years ago, for three years."""
  english, french = nps.number(d).split("/")
  _, _, many, plural = d.pick(UNITS)
  number, unit = Source(english), Source(many)
  numbers, units = Target(french, (number,)), Target(plural, (unit,))
  if not bounded or d.chance(0.5):
    ago = Source("ago")
    target = [Target("il", (), (ago,)), Target("y", (), (ago,)), Target("a", (), (ago,))]
    return [number, unit, ago], [*target, numbers, units]
  word = Source("for")
  return [word, number, unit], [Target("pendant", (word,)), numbers, units]
