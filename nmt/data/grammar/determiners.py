"""Determiners, agreeing with their noun."""

from nmt.data.grammar import lexicon_small as small
from nmt.data.grammar.entries import Noun, lines
from nmt.data.grammar.morphology import article
from nmt.data.grammar.words import Source, Target, vowel

POSSESSIVES = lines(small.POSSESSIVES)


def determiner(
  kind: str, noun: Noun, plural: bool, n: Source, first: str, first_english: str, before: bool
) -> tuple[list[Source], list[Target], str]:
  """English, French and kind of a determiner, before `first` in French."""
  feminine, french = noun.feminine, ("les" if plural else "la" if noun.feminine else "le")
  if kind == "the":
    word = Source("the")
    return [word], [Target(french, (word,), (n,), True)], "the"
  if kind == "a":
    word = Source(article(first_english))
    return [word], [Target("une" if feminine else "un", (word,), (n,))], "one"
  if kind in ("some", "bare"):
    source = [Source("some")] if kind == "some" else []
    sure = tuple(source)
    if plural:  # de grandes maisons
      return source, [Target("de" if before else "des", sure, (n,))], "some"
    return source, [Target("de", sure, (n,)), Target(french, (), (*sure, n), True)], "some"
  if kind == "general":
    return [], [Target(french, (), (n,), True)], "the"
  if kind == "this":
    word = Source("these" if plural else "this")
    form = "ces" if plural else "cette" if feminine else "cet" if vowel(first) else "ce"
    return [word], [Target(form, (word,), (n,))], "other"
  if kind == "every":
    word = Source("every")
    return [word], [Target("chaque", (word,))], "other"
  if kind == "several":
    word = Source("several")
    return [word], [Target("plusieurs", (word,))], "other"
  if kind == "many":
    word = Source("many")
    return [word], [Target("beaucoup", (word,)), Target("de", (), (word,))], "other"
  if kind == "a few":
    a, few = Source("a"), Source("few")
    return [a, few], [Target("quelques", (few,), (a,))], "other"
  if kind == "all the":
    every, the = Source("all"), Source("the")
    form = "toutes" if feminine else "tous"
    return [every, the], [Target(form, (every,), (n,)), Target(french, (the,), (n,))], "other"
  if kind == "another":
    word = Source("another")
    un = Target("une" if feminine else "un", (), (word, n))
    return [word], [un, Target("autre", (word,))], "one"
  english, *forms = POSSESSIVES[int(kind)] if len(kind) == 1 else kind.split("/")
  word = Source(english)
  if len(forms) == 1:  # a number
    return [word], [Target(forms[0], (word,))], "other"
  form = forms[2] if plural else forms[0] if not feminine or vowel(first) else forms[1]
  return [word], [Target(form, (word,), (n,))], "other"
