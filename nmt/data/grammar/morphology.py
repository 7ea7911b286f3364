"""Inflection of both languages: regular rules, and tables for what is irregular."""

VOWELS = frozenset("aeiouyàâäéèêëîïôöùûüœæAEIOUYÀÂÉÈÊÎÔÛŒ")

# Present (je il nous vous ils), future stem, participle.
_IRREGULAR = {
  "être": ("suis est sommes êtes sont", "ser", "été"),
  "avoir": ("ai a avons avez ont", "aur", "eu"),
  "aller": ("vais va allons allez vont", "ir", "allé"),
  "dire": ("dis dit disons dites disent", "dir", "dit"),
  "voir": ("vois voit voyons voyez voient", "verr", "vu"),
  "savoir": ("sais sait savons savez savent", "saur", "su"),
  "pouvoir": ("peux peut pouvons pouvez peuvent", "pourr", "pu"),
  "vouloir": ("veux veut voulons voulez veulent", "voudr", "voulu"),
  "devoir": ("dois doit devons devez doivent", "devr", "dû"),
  "écrire": ("écris écrit écrivons écrivez écrivent", "écrir", "écrit"),
  "lire": ("lis lit lisons lisez lisent", "lir", "lu"),
  "boire": ("bois boit buvons buvez boivent", "boir", "bu"),
  "croire": ("crois croit croyons croyez croient", "croir", "cru"),
  "courir": ("cours court courons courez courent", "courr", "couru"),
  "mourir": ("meurs meurt mourons mourez meurent", "mourr", "mort"),
  "recevoir": ("reçois reçoit recevons recevez reçoivent", "recevr", "reçu"),
  "suivre": ("suis suit suivons suivez suivent", "suivr", "suivi"),
  "peindre": ("peins peint peignons peignez peignent", "peindr", "peint"),
  "envoyer": ("envoie envoie envoyons envoyez envoient", "enverr", "envoyé"),
}
# Endings of the infinitive: present endings, end of the future stem and of the participle.
_FAMILIES = {
  "prendre": ("prends prend prenons prenez prennent", "prendr", "pris"),
  "mettre": ("mets met mettons mettez mettent", "mettr", "mis"),
  "venir": ("viens vient venons venez viennent", "viendr", "venu"),
  "partir": ("pars part partons partez partent", "partir", "parti"),
  "sortir": ("sors sort sortons sortez sortent", "sortir", "sorti"),
  "dormir": ("dors dort dormons dormez dorment", "dormir", "dormi"),
  "ouvrir": ("ouvre ouvre ouvrons ouvrez ouvrent", "ouvrir", "ouvert"),
  "offrir": ("offre offre offrons offrez offrent", "offrir", "offert"),
  "aître": ("ais aît aissons aissez aissent", "aîtr", "u"),
  "duire": ("duis duit duisons duisez duisent", "duir", "duit"),
  "truire": ("truis truit truisons truisez truisent", "truir", "truit"),
  "rire": ("ris rit rions riez rient", "rir", "ri"),
}
# Verbs in -er whose stem changes before a silent ending: that stem, and whether the future has it.
_STRONG = {
  "acheter": ("achèt", True),
  "lever": ("lèv", True),
  "préférer": ("préfèr", False),
  "espérer": ("espèr", False),
  "protéger": ("protèg", False),
  "posséder": ("possèd", False),
  "nettoyer": ("nettoi", True),
  "essayer": ("essai", True),
}


def conjugate(infinitive: str) -> tuple[dict[str, tuple[str, ...]], str]:
  """Forms by tense for je, il, nous, vous, ils, and the masculine singular participle."""
  present, future, participle = _principal_parts(infinitive)
  stem = "ét" if infinitive == "être" else present[2].removesuffix("ons")
  soft = stem.removesuffix("e") if stem.endswith("ge") else stem.replace("ç", "c")
  imperfect = (stem + "ais", stem + "ait", soft + "ions", soft + "iez", stem + "aient")
  futures = tuple(future + ending for ending in ("ai", "a", "ons", "ez", "ont"))
  forms = {"present": present, "imperfect": imperfect, "future": futures}
  return forms, participle


def _principal_parts(infinitive: str) -> tuple[tuple[str, ...], str, str]:
  if infinitive in _IRREGULAR:
    forms, future, participle = _IRREGULAR[infinitive]
    return tuple(forms.split()), future, participle
  for ending, (forms, future, participle) in _FAMILIES.items():
    if infinitive.endswith(ending):
      stem = infinitive.removesuffix(ending)
      return tuple(stem + form for form in forms.split()), stem + future, stem + participle
  stem = infinitive[:-2]
  if infinitive.endswith("er"):
    strong, in_future = _STRONG.get(infinitive, (stem, True))
    before_o = stem + "e" if stem[-1] == "g" else stem[:-1] + "ç" if stem[-1] == "c" else stem
    present = (strong + "e", strong + "e", before_o + "ons", stem + "ez", strong + "ent")
    return present, (strong if in_future else stem) + "er", stem + "é"
  if infinitive.endswith("ir"):
    endings = ("is", "it", "issons", "issez", "issent")
    return tuple(stem + ending for ending in endings), infinitive, stem + "i"
  if infinitive.endswith("dre"):
    endings = ("s", "", "ons", "ez", "ent")
    return tuple(stem + ending for ending in endings), infinitive[:-1], stem + "u"
  raise ValueError(f"no conjugation for {infinitive}")


def agree(participle: str, feminine: bool, plural: bool) -> str:
  """A participle in gender and number."""
  form = participle + "e" if feminine else participle
  return form + "s" if plural and form[-1] != "s" else form


def french_plural(singular: str) -> str:
  """The regular plural of a noun or a masculine adjective."""
  if singular[-1] in "sx":
    return singular
  if singular.endswith("eau"):
    return singular + "x"
  if singular.endswith("al"):
    return singular[:-2] + "aux"
  return singular + "s"


def english_plural(singular: str) -> str:
  """The regular plural of a noun, and the regular third person of a verb."""
  if singular[-1] == "y" and singular[-2] not in "aeiou":
    return singular[:-1] + "ies"
  if singular.endswith(("s", "x", "ch", "sh", "o")) and singular != "piano":
    return singular + "es"
  return singular + "s"


def english_past(base: str) -> str:
  """The regular past of a verb."""
  if base[-1] == "y" and base[-2] not in "aeiou":
    return base[:-1] + "ied"
  return base + "d" if base[-1] == "e" else base + "ed"


def english_gerund(base: str) -> str:
  """The regular present participle of a verb."""
  return base[:-1] + "ing" if base[-1] == "e" and base[-2] != "e" else base + "ing"


def article(next_word: str) -> str:
  """`a` or `an`, by the sound that follows."""
  if next_word.startswith(("uni", "use")):
    return "a"
  return "an" if next_word[0] in "aeiouAEIOU" or next_word.startswith(("honest", "hour")) else "a"


def opens_with_vowel(word: str, aspirated: set[str]) -> bool:
  """Whether a French word makes the word before it elide."""
  return word not in aspirated and (word[0] in VOWELS or word[0] in "hH")
