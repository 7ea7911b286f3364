"""Words that carry their links, and how two rows of them become a pair of lines.

A phrase is a pair of rows: English `Source` words and French `Target` words, each French word
holding the English words it comes from. Rows are joined in any order on either side, so that the
links of a sentence are those its phrases were built with. Only here do words become text:
contraction (de + le -> du), elision (que + il -> qu'), capitals, spaces.
"""

from nmt.data.grammar.morphology import opens_with_vowel
from nmt.data.pair import Pair

GLUED = frozenset((".", ",", "?", ";", "'s"))  # written without a space before, counted as no word
ASPIRATED: set[str] = set()  # filled by the lexicon: words that begin with an aspirated h
_ELIDED = frozenset(("le", "la", "je", "ne", "me", "se", "de", "que", "puisque"))
_CONTRACTED = {"de": {"le": "du", "les": "des"}, "à": {"le": "au", "les": "aux"}}


class Source:
  """An English word; two equal words of a sentence are two objects."""

  __slots__ = ("at", "text")

  def __init__(self, text: str):
    self.text, self.at = text, 0


class Target:
  """A French word, its sure and its possible English words, and whether it is le, la or les."""

  __slots__ = ("article", "possible", "sure", "text")

  def __init__(
    self,
    text: str,
    sure: tuple[Source, ...] = (),
    possible: tuple[Source, ...] = (),
    article: bool = False,
  ):
    self.text, self.sure, self.possible, self.article = text, sure, possible, article


Row = tuple[list[Source], list[Target]]


def length(source: list[Source]) -> int:
  """English words as a reader counts them: punctuation and the possessive are none."""
  words = len(source)
  for word in source:
    if word.text in GLUED:
      words -= 1
  return words


def vowel(text: str) -> bool:
  """Whether a French word makes the word before it elide."""
  return opens_with_vowel(text, ASPIRATED)


def _contract(row: list[Target]) -> list[Target]:
  out: list[Target] = []
  k, end = 0, len(row)
  while k < end:
    word = row[k]
    if word.text in _CONTRACTED and k + 1 < end and row[k + 1].article:
      article = row[k + 1]
      form = _CONTRACTED[word.text].get(article.text)
      if form and not (article.text == "le" and vowel(row[k + 2].text)):
        # `of the` -> `du`: sure with the preposition, possible with the article
        out.append(Target(form, word.sure, word.possible + article.sure + article.possible))
        k += 2
        continue
    out.append(word)
    k += 1
  return out


def english_text(source: list[Source]) -> str:
  """The English line, its first letter a capital."""
  text = "".join([w.text if w.text in GLUED else " " + w.text for w in source])
  return text[1].upper() + text[2:]


def french_text(row: list[Target]) -> str:
  """The French line of a contracted row: elisions, spaces, capital."""
  words = [word.text for word in row]
  text, glued = "", True
  for k, word in enumerate(words):
    if word in _ELIDED:
      if vowel(words[k + 1]):
        word = word[:-1] + "'"
    elif word == "si" and words[k + 1] in ("il", "ils"):
      word = "s'"
    text += word if glued or word in (".", ",") else " " + word
    glued = word[-1] == "'"
  return text[0].upper() + text[1:]


def render(source: list[Source], target: list[Target], order: str = "french") -> Pair:
  """The two lines and their links, the French words in their own order or in that of the English.

  In English order, each French word stands where the first of its sure English words does (the
  first of its possible ones, where none is sure), so that links never cross. No one speaks so: it
  is a language pair without reordering.
  """
  for at, english in enumerate(source):
    english.at = at
  if order == "english":
    target = sorted(target, key=lambda word: min(w.at for w in word.sure or word.possible))
  row = _contract(target)
  links: list[str] = []
  for i, word in enumerate(row):
    if len(word.sure) == 1 and not word.possible:
      links.append(f"{word.sure[0].at}-{i}")
      continue
    sure = {english.at for english in word.sure}
    possible = {english.at for english in word.possible} - sure
    links += [f"{j}-{i}" for j in sorted(sure)] + [f"{j}p{i}" for j in sorted(possible)]
  return Pair(english_text(source), french_text(row), " ".join(links))
