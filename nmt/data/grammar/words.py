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
  return sum(word.text not in GLUED for word in source)


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


def render(source: list[Source], target: list[Target]) -> Pair:
  """The two lines and their links, sentence-initial capitals set."""
  for at, word in enumerate(source):
    word.at = at
  english = [word.text for word in source]
  english[0] = english[0][0].upper() + english[0][1:]
  row = _contract(target)
  french = [word.text for word in row]
  for k in range(len(french) - 1):
    if french[k] in _ELIDED:
      if vowel(french[k + 1]):
        french[k] = french[k][:-1] + "'"
    elif french[k] == "si" and french[k + 1] in ("il", "ils"):
      french[k] = "s'"
  french[0] = french[0][0].upper() + french[0][1:]
  links = []
  for i, word in enumerate(row):
    sure = {english_word.at for english_word in word.sure}
    possible = {english_word.at for english_word in word.possible} - sure
    links += [f"{j}-{i}" for j in sorted(sure)] + [f"{j}p{i}" for j in sorted(possible)]
  return Pair(_english_text(english), _french_text(french), " ".join(links))


def _english_text(words: list[str]) -> str:
  return "".join(w if w in GLUED else " " + w for w in words)[1:]


def _french_text(words: list[str]) -> str:
  text, glued = "", True
  for word in words:
    text += word if glued or word in (".", ",") else " " + word
    glued = word[-1] == "'"
  return text
