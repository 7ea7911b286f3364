"""Known translations, inflection and links of the grammar, each phrase made of its entries."""

import functools

import pytest

from nmt.data.grammar import adverbials, clauses, entries, questions, sentences, verb_groups, words
from nmt.data.grammar import noun_phrases as nps
from nmt.data.grammar.verb_groups import Core


def noun(english: str) -> entries.Noun:
  return next(n for n in entries.NOUNS if n.english[0] == english)


def adjective(english: str) -> entries.Adjective:
  return next(a for a in entries.ADJECTIVES if a.english == english)


def verb(english: str, frame: str = "") -> entries.Verb:
  """`look for` or `sing`, of that frame where there are several."""
  base, _, particle = english.partition(" ")
  return next(
    v
    for v in entries.VERBS
    if v.english[0] == base and v.particle == particle and v.frame.startswith(frame)
  )


def np(det, english: str, plural: bool = False) -> nps.NP:
  """`np("the", "old red car")`: at most one adjective on each side of the French noun."""
  *adjectives, head = english.split()
  very = "very" in adjectives
  entries_of = [adjective(a) for a in adjectives if a != "very"]
  pre = next((a for a in entries_of if a.side == "pre"), None)
  post = next((a for a in entries_of if a.side == "post"), None)
  return nps.build(det, noun(head), plural, pre, post, very)


def who(english: str) -> nps.NP:
  """A pronoun, or a person's name."""
  for row in clauses.PRONOUNS:
    if row[0] == english:
      return clauses.pronoun(row[0], row[1], int(row[2]))
  for feminine, names in enumerate((nps.MEN, nps.WOMEN)):
    for name, french in names:
      if name == english:
        word = words.Source(name)
        target = words.Target(french, (word,))
        return nps.NP([word], [], [target], "other", bool(feminine), False)
  raise ValueError(english)


def direct(english: str, thing: nps.NP, negative: bool = False) -> Core:
  return Core(verb(english, "t"), thing.source, thing.negated() if negative else thing.target)


def clitic(english: str, pronoun: str, frame: str = "t") -> Core:
  core = Core(verb(english, frame))
  word = words.Source(pronoun)
  core.source.append(word)
  core.clitics.append(words.Target(nps.OBJECTS[pronoun][frame != "t"], (word,)))
  if frame == "t":
    core.agreement = (pronoun == "her", pronoun in ("us", "you", "them"))
  return core


def indirect(english: str, thing: nps.NP, frame: str) -> Core:
  core = Core(verb(english, frame))
  core.governed = words.Target({"A": "à", "D": "de", "N": "dans"}[frame])
  core.source = thing.source
  core.target = [core.governed, *thing.after_de(core.governed)]
  return core


def adverb(english: str) -> entries.Phrase:
  return next(a for a in adverbials.FREQUENCIES if a.english == [english])


def say(subject: nps.NP, core: Core, tense: str, negation: str = "", often=None) -> tuple:
  source, target, _ = verb_groups.verb_phrase(subject, core, tense, negation, often)
  return closed((subject.source + source, subject.target + target))


def ask(subject: nps.NP, core: Core, tense: str) -> tuple:
  return closed(questions._inverted(subject, core, tense, [], []), "?")


def phrase(thing: nps.NP, preposition: str = "") -> tuple:
  row = thing.after(preposition) if preposition else (thing.source, thing.target)
  return lines(row)


def closed(row: words.Row, mark: str = ".") -> tuple[str, str]:
  return lines(sentences._closed((list(row[0]), list(row[1])), mark))


def lines(row: words.Row) -> tuple[str, str]:
  pair = words.render(*row)
  return pair.source, pair.target


def relative(head: nps.NP, kind: str, subject: nps.NP, core: Core, tense: str) -> nps.NP:
  that = words.Source(kind)
  source, target, _ = verb_groups.verb_phrase(subject, core, tense)
  core_subject = [] if subject is head else subject.source
  french = words.Target("qui" if subject is head else "que", (that,))
  rest = [] if subject is head else subject.target
  head.source = [*head.source, that, *core_subject, *source]
  head.rest = [*head.rest, french, *rest, *target]
  return head


NOUN_PHRASES = [
  (phrase(np("the", "man")), "The man", "L'homme"),
  (phrase(np("the", "hero")), "The hero", "Le héros"),
  (phrase(np("the", "axe")), "The axe", "La hache"),
  (phrase(np("the", "clock")), "The clock", "L'horloge"),
  (phrase(np("the", "horse", True)), "The horses", "Les chevaux"),
  (phrase(np("a", "old tree")), "An old tree", "Un vieil arbre"),
  (phrase(np("a", "beautiful man")), "A beautiful man", "Un bel homme"),
  (phrase(np("a", "new car")), "A new car", "Une nouvelle voiture"),
  (phrase(np("the", "old red car")), "The old red car", "La vieille voiture rouge"),
  (phrase(np("a", "university")), "A university", "Une université"),
  (phrase(np("a", "honest man")), "An honest man", "Un homme honnête"),
  (phrase(np("a", "very big house")), "A very big house", "Une très grande maison"),
  (phrase(np("some", "apple", True)), "Some apples", "Des pommes"),
  (phrase(np("some", "big house", True)), "Some big houses", "De grandes maisons"),
  (phrase(np("some", "old tree", True)), "Some old trees", "De vieux arbres"),
  (phrase(np("some", "white horse", True)), "Some white horses", "Des chevaux blancs"),
  (phrase(np("some", "bread")), "Some bread", "Du pain"),
  (phrase(np("some", "water")), "Some water", "De l'eau"),
  (phrase(np("some", "meat")), "Some meat", "De la viande"),
  (phrase(np("this", "tree")), "This tree", "Cet arbre"),
  (phrase(np("this", "owl")), "This owl", "Ce hibou"),
  (phrase(np("this", "old tree")), "This old tree", "Ce vieil arbre"),
  (phrase(np("this", "island", True)), "These islands", "Ces îles"),
  (phrase(np("0", "school")), "My school", "Mon école"),
  (phrase(np("0", "new school")), "My new school", "Ma nouvelle école"),
  (phrase(np("2", "axe")), "Her axe", "Sa hache"),
  (phrase(np("5", "key", True)), "Their keys", "Leurs clés"),
  (phrase(np("many", "owl", True)), "Many owls", "Beaucoup de hiboux"),
  (phrase(np("many", "egg", True)), "Many eggs", "Beaucoup d'œufs"),
  (phrase(np("a few", "mouse", True)), "A few mice", "Quelques souris"),
  (phrase(np("all the", "woman", True)), "All the women", "Toutes les femmes"),
  (phrase(np("several", "palace", True)), "Several palaces", "Plusieurs palais"),
  (phrase(np("every", "man")), "Every man", "Chaque homme"),
  (phrase(np("another", "idea")), "Another idea", "Une autre idée"),
  (phrase(np("three/trois", "newspaper", True)), "Three newspapers", "Trois journaux"),
  (phrase(np(np("the", "king"), "horse")), "The king's horse", "Le cheval du roi"),
  (phrase(np(who("Alice"), "new car")), "Alice's new car", "La nouvelle voiture d'Alice"),
  (phrase(np("the", "market"), "at"), "At the market", "Au marché"),
  (phrase(np("the", "hospital"), "at"), "At the hospital", "À l'hôpital"),
  (phrase(np("the", "field", True), "near"), "Near the fields", "Près des champs"),
  (phrase(np("the", "hero"), "near"), "Near the hero", "Près du héros"),
  (phrase(np("a", "lake"), "near"), "Near a lake", "Près d'un lac"),
  (phrase(np("some", "tree", True), "near"), "Near some trees", "Près d'arbres"),
  (phrase(np("the", "castle"), "next to"), "Next to the castle", "À côté du château"),
  (phrase(np("the", "door"), "in front of"), "In front of the door", "Devant la porte"),
  (
    phrase(nps.superlative(noun("house"), False, adjective("big"))),
    "The biggest house",
    "La plus grande maison",
  ),
  (
    phrase(nps.superlative(noun("tool"), True, adjective("useful"))),
    "The most useful tools",
    "Les outils les plus utiles",
  ),
]

APPLES = functools.partial(np, "bare", "apple", True)
SENTENCES = [
  # tenses
  (
    say(who("he"), direct("eat", APPLES()), "present"),
    "He eats apples.",
    "Il mange des pommes.",
  ),
  (
    say(who("we"), direct("eat", APPLES()), "progressive"),
    "We are eating apples.",
    "Nous mangeons des pommes.",
  ),
  (
    say(who("we"), direct("eat", APPLES()), "was"),
    "We were eating apples.",
    "Nous mangions des pommes.",
  ),
  (
    say(who("I"), direct("eat", APPLES()), "past"),
    "I ate apples.",
    "J'ai mangé des pommes.",
  ),
  (
    say(who("they"), direct("eat", APPLES()), "perfect"),
    "They have eaten apples.",
    "Ils ont mangé des pommes.",
  ),
  (
    say(who("you"), direct("buy", APPLES()), "future"),
    "You will buy apples.",
    "Vous achèterez des pommes.",
  ),
  (say(who("Mary"), Core(verb("arrive")), "past"), "Mary arrived.", "Marie est arrivée."),
  (say(who("we"), Core(verb("fall")), "past"), "We fell.", "Nous sommes tombés."),
  (say(who("she"), Core(verb("get up")), "past"), "She got up.", "Elle s'est levée."),
  (say(who("you"), Core(verb("rest")), "present"), "You rest.", "Vous vous reposez."),
  (
    say(who("he"), direct("know", np("the", "king")), "past"),
    "He knew the king.",
    "Il connaissait le roi.",
  ),
  (say(who("she"), Core(verb("swim")), "can"), "She can swim.", "Elle peut nager."),
  (say(who("I"), Core(verb("rest")), "must"), "I must rest.", "Je dois me reposer."),
  # negation and adverbs
  (
    say(who("he"), direct("eat", APPLES(), True), "present", "not"),
    "He does not eat apples.",
    "Il ne mange pas de pommes.",
  ),
  (
    say(who("I"), direct("drink", np("bare", "water"), True), "past", "not"),
    "I did not drink water.",
    "Je n'ai pas bu d'eau.",
  ),
  (
    say(who("she"), direct("like", np("general", "apple", True), True), "present", "not"),
    "She does not like apples.",
    "Elle n'aime pas les pommes.",
  ),
  (
    say(who("they"), Core(verb("sleep")), "future", "never"),
    "They will never sleep.",
    "Ils ne dormiront jamais.",
  ),
  (
    say(who("Anne"), Core(verb("work")), "present", "no longer"),
    "Anne no longer works.",
    "Anne ne travaille plus.",
  ),
  (
    say(who("he"), Core(verb("swim")), "can", "not"),
    "He cannot swim.",
    "Il ne peut pas nager.",
  ),
  (
    say(who("she"), Core(verb("arrive")), "past", "not"),
    "She did not arrive.",
    "Elle n'est pas arrivée.",
  ),
  (
    say(who("he"), Core(verb("sing", "i")), "past", "", adverb("often")),
    "He often sang.",
    "Il a souvent chanté.",
  ),
  # clitics
  (say(who("he"), clitic("see", "her"), "past"), "He saw her.", "Il l'a vue."),
  (
    say(who("he"), clitic("see", "him"), "past", "not"),
    "He did not see him.",
    "Il ne l'a pas vu.",
  ),
  (
    say(who("she"), clitic("help", "them"), "past"),
    "She helped them.",
    "Elle les a aidés.",
  ),
  (
    say(who("they"), clitic("invite", "me"), "present"),
    "They invite me.",
    "Ils m'invitent.",
  ),
  (
    say(who("I"), clitic("follow", "you"), "can"),
    "I can follow you.",
    "Je peux vous suivre.",
  ),
  (
    say(who("we"), clitic("obey", "her", "A"), "past"),
    "We obeyed her.",
    "Nous lui avons obéi.",
  ),
  (
    say(who("you"), clitic("answer", "them", "A"), "present", "not"),
    "You do not answer them.",
    "Vous ne leur répondez pas.",
  ),
  # verbs with a preposition of their own
  (
    say(who("he"), direct("look for", np("the", "key", True)), "was"),
    "He was looking for the keys.",
    "Il cherchait les clés.",
  ),
  (
    say(who("she"), indirect("talk about", np("the", "king"), "D"), "past"),
    "She talked about the king.",
    "Elle a parlé du roi.",
  ),
  (
    say(who("she"), indirect("play", np("the", "guitar"), "D"), "present"),
    "She plays the guitar.",
    "Elle joue de la guitare.",
  ),
  (
    say(who("they"), indirect("need", np("a", "umbrella"), "D"), "present"),
    "They need an umbrella.",
    "Ils ont besoin d'un parapluie.",
  ),
  (
    say(who("I"), indirect("need", np("bare", "book", True), "D"), "future"),
    "I will need books.",
    "J'aurai besoin de livres.",
  ),
  (
    say(who("she"), indirect("enter", np("the", "house"), "N"), "past"),
    "She entered the house.",
    "Elle est entrée dans la maison.",
  ),
  # questions
  (ask(who("he"), Core(verb("sleep")), "present"), "Does he sleep?", "Est-ce qu'il dort ?"),
  (
    ask(np("the", "queen"), direct("eat", APPLES()), "past"),
    "Did the queen eat apples?",
    "Est-ce que la reine a mangé des pommes ?",
  ),
  (
    ask(who("Paul"), Core(verb("leave", "t")), "future"),
    "Will Paul leave?",
    "Est-ce que Paul quittera ?",
  ),
  # relative clauses, with agreement of the participle
  (
    phrase(
      relative(
        np("the", "apple"), "that", who("he"), Core(verb("eat"), agreement=(True, False)), "past"
      )
    ),
    "The apple that he ate",
    "La pomme qu'il a mangée",
  ),
  (
    phrase(
      relative(
        np("the", "letter", True),
        "that",
        who("I"),
        Core(verb("write"), agreement=(True, True)),
        "past",
      )
    ),
    "The letters that I wrote",
    "Les lettres que j'ai écrites",
  ),
]


KNOWN = NOUN_PHRASES + SENTENCES


@pytest.mark.parametrize(("made", "english", "french"), KNOWN, ids=[row[1] for row in KNOWN])
def test_known_translations(made, english, french):
  assert made == (english, french)


def test_links_follow_the_conventions():
  thing = np(np("the", "king"), "old horse")
  core = direct("see", np("a", "man"), True)
  row = verb_groups.verb_phrase(thing, core, "past", "not")
  pair = words.render(thing.source + row[0], thing.target + row[1])
  # The king 's old horse did not see a man / Le vieux cheval du roi n' a pas vu d' homme
  assert pair.target == "Le vieux cheval du roi n'a pas vu d'homme"
  wanted = "2p0 4p0 3-1 4-2 2-3 0p3 1p3 1-4 5p5 6p5 7p5 5p6 7p6 6-7 7-8 5p8 8-9 9p9 9-10"
  assert set(pair.links.split()) == set(wanted.split())
