"""Inflection, and what every entry of the lexicon must have."""

import pytest

from nmt.data.grammar import entries
from nmt.data.grammar.morphology import agree, conjugate, english_gerund, english_past

FORMS = [
  ("finir", "future", "finirai finira finirons finirez finiront"),
  ("commencer", "present", "commence commence commençons commencez commencent"),
  ("commencer", "imperfect", "commençais commençait commencions commenciez commençaient"),
  ("protéger", "present", "protège protège protégeons protégez protègent"),
  ("acheter", "future", "achèterai achètera achèterons achèterez achèteront"),
  ("préférer", "future", "préférerai préférera préférerons préférerez préféreront"),
  ("nettoyer", "present", "nettoie nettoie nettoyons nettoyez nettoient"),
  ("envoyer", "future", "enverrai enverra enverrons enverrez enverront"),
  ("répondre", "present", "réponds répond répondons répondez répondent"),
  ("comprendre", "present", "comprends comprend comprenons comprenez comprennent"),
  ("être", "imperfect", "étais était étions étiez étaient"),
  ("dire", "present", "dis dit disons dites disent"),
  ("boire", "imperfect", "buvais buvait buvions buviez buvaient"),
  ("peindre", "present", "peins peint peignons peignez peignent"),
  ("revenir", "future", "reviendrai reviendra reviendrons reviendrez reviendront"),
  ("disparaître", "present", "disparais disparaît disparaissons disparaissez disparaissent"),
  ("sourire", "imperfect", "souriais souriait souriions souriiez souriaient"),
]


@pytest.mark.parametrize(("infinitive", "tense", "forms"), FORMS)
def test_conjugation(infinitive, tense, forms):
  assert " ".join(conjugate(infinitive)[0][tense]) == forms


def test_participles_and_english_forms():
  participles = {
    "mettre": "mis",
    "ouvrir": "ouvert",
    "lire": "lu",
    "écrire": "écrit",
    "suivre": "suivi",
  }
  assert {v: conjugate(v)[1] for v in participles} == participles
  assert [agree("pris", f, p) for f in (False, True) for p in (False, True)] == [
    "pris",
    "pris",
    "prise",
    "prises",
  ]
  assert [english_past(v) for v in ("carry", "play", "like")] == ["carried", "played", "liked"]
  assert [english_gerund(v) for v in ("write", "sleep", "hesitate")] == [
    "writing",
    "sleeping",
    "hesitating",
  ]
  with pytest.raises(ValueError, match="no conjugation for"):
    conjugate("conclure")


def test_every_verb_has_all_forms():
  for v in entries.VERBS:
    assert set(map(len, v.forms.values())) == {5}
    assert all(form.isalpha() for forms in v.forms.values() for form in forms)


def test_lexicon_is_large_enough():
  lemmas = {n.english[0] for n in entries.NOUNS} | {a.english for a in entries.ADJECTIVES}
  lemmas |= {(*v.english, v.particle) for v in entries.VERBS}
  assert len(lemmas) >= 400
  assert len({n.english[0] for n in entries.NOUNS}) == len(entries.NOUNS)


def test_each_noun_can_be_described_and_used():
  for n in entries.NOUNS:
    assert n.pre or n.post, n.english
    assert n.after_be, n.english
