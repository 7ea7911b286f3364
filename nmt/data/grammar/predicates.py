"""What is said of a subject: a verb and complements of a wanted number of words."""

from nmt.data.grammar import noun_phrases as nps
from nmt.data.grammar import relatives
from nmt.data.grammar.attributes import copula
from nmt.data.grammar.draw import Draw
from nmt.data.grammar.entries import VERBS, Phrase, Verb, nouns
from nmt.data.grammar.noun_phrases import NP
from nmt.data.grammar.verb_groups import Core, infinitive
from nmt.data.grammar.words import Source, Target

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


def _frames(subject_class: str) -> list[list[tuple[str, list[Verb]]]]:
  """Frames open to a subject, each as often as its weight, for every number of words."""
  table: list[list[tuple[str, list[Verb]]]] = []
  for words in range(9):
    row: list[tuple[str, list[Verb]]] = []
    for frame, weight in _BY.items():
      verbs = [v for v in VERBS if v.frame == frame and subject_class in v.subjects]
      if verbs and _LEAST[frame] <= words:
        row += [(frame, verbs)] * weight
    table.append(row)
  return table


FRAMES = {kind: _frames(kind) for kind in "hav"}


def subject_class(subject: NP) -> str:
  """h, a, v, or empty for what does nothing."""
  if subject.human:
    return "h"
  tags = subject.noun.tags
  return "a" if "a" in tags else "v" if "v" in tags else ""


def predicate(d: Draw, subject: NP, words: int, negative: bool) -> Core:
  """A core of at most so many words; what is left is filled with adverbials."""
  kind = subject_class(subject)
  if not kind:
    return copula(d, subject, max(words, 2))
  if words >= 2 and d.chance({"v": 0.75, "a": 0.3, "h": 0.18}[kind]):
    return copula(d, subject, words)
  return action(d, subject, words, negative)


def action(d: Draw, subject: NP, words: int, negative: bool = False, event: bool = False) -> Core:
  """A core whose verb is not to be; an event is neither a state nor an intention."""
  row = FRAMES[subject_class(subject)][max(1, min(words, 8))]
  frame, verbs = d.pick(row)
  verb = d.pick(verbs)
  while event and (frame in _INFINITIVE_MARK or verb.state):
    frame, verbs = d.pick(row)
    verb = d.pick(verbs)
  core = Core(verb)
  left = words - verb.words
  if frame == "i":
    if left and verb.infinitive in _SKILLS and d.chance(0.4):
      core.middle = d.pick(WELL)
  elif frame in _INFINITIVE_MARK:
    _with_infinitive(d, core, subject, left, _INFINITIVE_MARK[frame])
  elif frame in ("L", "G"):
    _somewhere(d, core, left)
  elif frame == "t":
    _direct(d, core, subject, d.between(1, max(1, min(left, 8))), negative)
  elif frame == "d":
    _ditransitive(d, core, subject, left, negative)
  elif frame == "P":
    _put(d, core, left)
  else:
    _indirect(d, core, subject, left)
  return core


def _with_infinitive(d: Draw, core: Core, subject: NP, left: int, mark: str | None) -> None:
  inner = action(d, subject, max(left - 1, 1), event=True)
  to = Source("to")
  source, target = infinitive(subject, inner)
  core.source = [to, *source]
  if mark:
    core.target = [Target(mark, (to,)), *target]
    return
  verb = next(word for word in target if word.sure and word.sure[0] is source[0])
  verb.possible = (*verb.possible, to)
  core.target = target


def _clitic(core: Core, english: str, indirect: bool) -> None:
  word = Source(english)
  core.source.append(word)
  core.clitics.append(Target(nps.OBJECTS[english][1 if indirect else 0], (word,)))
  if not indirect:
    core.agreement = (english == "her", english in ("us", "you", "them"))


def _direct(d: Draw, core: Core, subject: NP, words: int, negative: bool) -> None:
  verb = core.verb
  if words == 1 and "h" in verb.objects and d.chance(0.7):
    if d.chance(0.75):
      _clitic(core, nps.object_pronoun(d, subject), False)
      return
    np = nps.name(d)
  elif words == 1 and not verb.definite:
    np = nps.single(d, verb.pool, verb.general)
  else:
    definite = verb.definite or verb.general
    np = relatives.phrase(d, verb.pool, max(words, 2), definite)
  core.source += np.source
  core.target += np.negated() if negative else np.target


def _ditransitive(d: Draw, core: Core, subject: NP, left: int, negative: bool) -> None:
  if left == 2 or d.chance(0.45):  # gives him the book
    _clitic(core, nps.object_pronoun(d, subject), True)
    left -= 1
    if left == 1:
      np = nps.single(d, core.verb.pool, False)
    else:
      np = relatives.phrase(d, core.verb.pool, d.between(2, min(left, 6)))
    core.source += np.source
    core.target += np.negated() if negative else np.target
    return
  if left == 3:
    np = nps.single(d, core.verb.pool, False)
  else:
    np = nps.simple(d, core.verb.pool, d.between(2, max(2, min(left - 2, 5))))
  left -= nps.count(np) + 1
  person = nps.name(d) if left < 2 else relatives.phrase(d, nps.HUMANS, min(left, 5), join=False)
  source, target = person.after("to")
  core.source += np.source + source
  core.target += (np.negated() if negative else np.target) + target


def _put(d: Draw, core: Core, left: int) -> None:
  thing = nps.simple(d, core.verb.pool, 2, definite=True)
  source, target = nps.spot(d, max(3, left - nps.count(thing)))
  core.source += thing.source + source
  core.target += thing.target + target


def _indirect(d: Draw, core: Core, subject: NP, left: int) -> None:
  """An object with à, de or dans: him, the king."""
  verb = core.verb
  if "h" in verb.objects and (left == 1 or d.chance(0.15)):
    english = nps.object_pronoun(d, subject)
    if verb.frame == "A":
      _clitic(core, english, True)
      return
    np = nps.tonic(english) if d.chance(0.5) else nps.name(d)
  elif "q" in verb.objects:
    np = nps.build("the", d.pick(verb.pool))
  else:
    definite = verb.definite or verb.frame == "N"
    np = relatives.phrase(d, verb.pool, d.between(2, max(2, min(left, 7))), definite, join=False)
  core.governed = Target({"A": "à", "D": "de", "N": "dans"}[verb.frame])
  core.source += np.source
  rest = np.after_de(core.governed)
  core.target += [core.governed, *rest]


def _somewhere(d: Draw, core: Core, left: int) -> None:
  if core.verb.frame == "L":
    source, target = nps.place(d, max(2, min(left, 5)))
  else:
    goal = nps.simple(d, _GOALS, max(2, min(left - 1, 5)), definite=True)
    source, target = goal.after("to")
  core.source += source
  core.target += target


_GOALS = nouns("g")
