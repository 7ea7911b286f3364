"""The verb with its auxiliaries, negation, clitics and adverb, in both languages.

Tense names are the English ones. In French: present and progressive are the present; was (a past
progressive), and the past of a state, the imperfect; the past otherwise, and the perfect, the passé
composé; can and must, pouvoir and devoir with an infinitive.
"""

from dataclasses import dataclass, field

from nmt.data.grammar.entries import CAN, MUST, Phrase, Verb
from nmt.data.grammar.morphology import agree, conjugate
from nmt.data.grammar.noun_phrases import NP
from nmt.data.grammar.words import Source, Target

_BE = {
  "present": ("am", "is", "are", "are", "are"),
  "past": ("was", "was", "were", "were", "were"),
}
_HAVE = ("have", "has", "have", "have", "have")
_SE = ("me", "se", "nous", "vous", "se")
_AVOIR, _ETRE = conjugate("avoir")[0], conjugate("être")[0]
_NEGATIONS = {
  "not": ("not", "pas"),
  "never": ("never", "jamais"),
  "no longer": ("no longer", "plus"),
}


@dataclass(slots=True)
class Core:
  """A verb and its complements, before it has a subject and a tense.

  source and target follow the verb; clitics precede the French verb; agreement is (feminine,
  plural) of a direct object that precedes the participle.
  """

  verb: Verb
  source: list[Source] = field(default_factory=list)
  target: list[Target] = field(default_factory=list)
  clitics: list[Target] = field(default_factory=list)
  agreement: tuple[bool, bool] | None = None
  middle: Phrase | None = None  # an adverb after the participle's auxiliary: bien
  governed: Target | None = None  # the preposition that the French verb asks for


def english_group(
  verb: Verb, tense: str, person: int, support: bool
) -> tuple[Source | None, Source]:
  """Operator (does, is, will) if there is one, and main verb; support asks for do."""
  base, third, past, participle, gerund = verb.english
  if base == "be" and tense in ("present", "past"):
    word = Source(_BE[tense][person])
    return word, word
  if tense == "present":
    if support:
      return Source("does" if person == 1 else "do"), Source(base)
    return None, Source(third if person == 1 else base)
  if tense == "past":
    return (Source("did"), Source(base)) if support else (None, Source(past))
  if tense == "progressive":
    return Source(_BE["present"][person]), Source(gerund)
  if tense == "was":
    return Source(_BE["past"][person]), Source(gerund)
  if tense == "perfect":
    return Source(_HAVE[person]), Source(participle)
  return Source({"future": "will"}.get(tense, tense)), Source(base)


def _govern(core: Core, main: Source, particle: Source | None) -> tuple[Source, ...]:
  """Links the verb's preposition; gives what the particle is linked to otherwise."""
  if core.governed is None:
    return (particle,) if particle else ()
  if particle:
    core.governed.sure = (particle,)
  core.governed.possible = (*core.governed.possible, main)
  return ()


def _reflexive(verb: Verb, person: int, main: Source) -> list[Target]:
  return [Target(_SE[person], (), (main,))] if verb.reflexive else []


def verb_phrase(
  subject: NP,
  core: Core,
  tense: str,
  negation: str = "",
  adverb: Phrase | None = None,
  inverted: bool = False,
) -> tuple[list[Source], list[Target], Source | None]:
  """English without, and French with, all that follows the subject; the operator if inverted."""
  verb, person = core.verb, subject.person
  operator, main = english_group(verb, tense, person, inverted or negation == "not")
  source: list[Source] = []
  ne: list[Target] = []
  particle_of_negation: list[Target] = []
  if operator and not inverted:
    source.append(operator)
  if negation:
    english, french = _NEGATIONS[negation]
    if operator and negation == "not" and tense == "can":
      operator.text = "cannot"
      marks = [operator]
    else:
      marks = [Source(word) for word in english.split()]
      source += marks
    particle_of_negation = [Target(french, (marks[-1],), tuple(marks[:-1]))]
    ne = [Target("ne", (), (*marks, *((operator,) if operator else ()), main))]
  middle: list[Target] = list(particle_of_negation)
  if adverb:
    words, french_words = adverb.make()
    source += words
    middle += french_words
  if main is not operator:
    source.append(main)
  possible = (operator,) if operator and operator is not main else ()
  particle = Source(verb.particle) if verb.particle else None
  if particle:
    source.append(particle)
  with_particle = _govern(core, main, particle)
  possible = (*possible, *with_particle)
  source += core.source
  late: list[Target] = []
  if core.middle:
    words, french_words = core.middle.make()
    source += words
    late = french_words
  fixed = [Target(verb.fixed, (main,))] if verb.fixed else []
  se = _reflexive(verb, person, main)
  if operator and tense in ("can", "must"):
    modal = (CAN if tense == "can" else MUST).forms["present"][person]
    target = [*ne, Target(modal, (operator,)), *middle]
    target += [*se, *core.clitics, *late, Target(verb.infinitive, (main,), with_particle)]
    return source, target + fixed + core.target, operator if inverted else None
  clitics = se + core.clitics
  compound = tense == "perfect" or (tense == "past" and not verb.state)
  if compound:
    essere = verb.essere or verb.reflexive
    have = (_ETRE if essere else _AVOIR)["present"][person]
    if essere:
      form = agree(verb.participle, subject.feminine, subject.plural)
    elif core.agreement:
      form = agree(verb.participle, *core.agreement)
    else:
      form = verb.participle
    if operator and tense == "perfect":
      auxiliary = Target(have, (operator,), (main,))
      last = Target(form, (main,), with_particle)
    else:
      auxiliary, last = Target(have, (), (main, *possible)), Target(form, (main,), possible)
    target = [*ne, *clitics, auxiliary, *middle, *late, last]
  else:
    name = {"progressive": "present", "was": "imperfect", "past": "imperfect"}.get(tense, tense)
    form = verb.forms[name][person]
    # needs -> a besoin: only the noun is sure
    word = Target(form, (), (main, *possible)) if fixed else Target(form, (main,), possible)
    target = [*ne, *clitics, word, *middle, *late]
  return source, target + fixed + core.target, operator if inverted else None


def infinitive(subject: NP, core: Core) -> tuple[list[Source], list[Target]]:
  """The verb phrase without `to` and de; a reflexive verb agrees with the subject."""
  verb = core.verb
  main = Source(verb.english[0])
  source = [main]
  particle = Source(verb.particle) if verb.particle else None
  if particle:
    source.append(particle)
  possible = _govern(core, main, particle)
  source += core.source
  late: list[Target] = []
  if core.middle:
    words, late = core.middle.make()
    source += words
  fixed = [Target(verb.fixed, (main,))] if verb.fixed else []
  head = (
    Target(verb.infinitive, (), (main,)) if fixed else Target(verb.infinitive, (main,), possible)
  )
  target = [*_reflexive(verb, subject.person, main), *core.clitics, *late, head]
  return source, target + fixed + core.target
