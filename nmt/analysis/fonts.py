"""Which installed fonts can draw a text, and what to show where none can."""

import functools
import unicodedata
import warnings
from collections.abc import Sequence

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

# Bundled with matplotlib, then what the systems' packages of world scripts install.
_PREFERRED = (
  "DejaVu Sans",
  "Noto Sans",
  "Noto Sans CJK JP",
  "Noto Sans CJK SC",
  "Noto Sans Arabic",
  "Noto Sans Hebrew",
  "Noto Sans Devanagari",
  "Noto Sans Thai",
  "Hiragino Sans",
  "PingFang SC",
  "Yu Gothic",
  "Microsoft YaHei",
  "Malgun Gothic",
  "Arial Unicode MS",
)


def choose(sides: Sequence[Sequence[str]]) -> tuple[list[str], list[list[str]]]:
  """Families that together draw the words of all sides, and the words as they can be drawn.

  Families are tried in the order of a short list of well-covering ones, then whatever is installed.
  A word that no installed font draws is shown as its number on its side, in brackets, with one
  warning that names a missing character and a package to install, instead of empty boxes.
  """
  words = [[_printable(word) for word in side] for side in sides]
  flat = [word for side in words for word in side]
  needed = {character for word in flat for character in word if not character.isspace()}
  families = []
  for family, path, index in _installed():
    if not needed:
      break
    found = needed & _coverage(path, index)
    if found or family == "DejaVu Sans":
      families.append(family)
      needed -= found
  if needed:
    character = min(needed)
    name = unicodedata.name(character, "unnamed character")
    lost = sum(not needed.isdisjoint(word) for word in flat)
    warnings.warn(
      f"{lost} of {len(flat)} words are shown by their number, for no installed font draws "
      f"U+{ord(character):04X} ({name.lower()}): install fonts for their script, such as "
      "`apt install fonts-noto-cjk` or `apt install fonts-noto-core`",
      stacklevel=3,
    )
    words = [
      [word if needed.isdisjoint(word) else f"[{number}]" for number, word in enumerate(side)]
      for side in words
    ]
  return families, words


def _printable(word: str) -> str:
  """Composes accents and drops what has no shape of its own: controls, formats, stray selectors."""
  composed = unicodedata.normalize("NFC", word)
  shown = (
    character
    for character in composed
    if unicodedata.category(character) not in ("Cc", "Cs", "Co")
    and not "\ufe00" <= character <= "\ufe0f"
    and character not in "\u200b\u200e\u200f\u2060\ufeff\xad"
  )
  return "".join(shown)


@functools.lru_cache(maxsize=1)
def _installed() -> list[tuple[str, str, int]]:
  """(family, path, face in the file) of one regular font a family, preferred families first."""
  regular: dict[str, tuple[tuple[bool, int], str, int]] = {}
  for font in font_manager.fontManager.ttflist:
    weight = font.weight if isinstance(font.weight, int) else 400
    rank = (font.style != "normal", abs(weight - 400))
    if font.name not in regular or rank < regular[font.name][0]:
      regular[font.name] = rank, font.fname, getattr(font, "index", 0)
  order = {family: place for place, family in enumerate(_PREFERRED)}
  names = sorted(regular, key=lambda name: (order.get(name, len(order)), name))
  # The last resort draws a box for every character, and symbol fonts lie about letters.
  names = [name for name in names if not any(part in name for part in ("Last", "cm", "STIX"))]
  return [(name, *regular[name][1:]) for name in names]


@functools.lru_cache(maxsize=64)
def _coverage(path: str, index: int) -> frozenset[str]:
  font = FT2Font(path, face_index=index) if index else FT2Font(path)
  return frozenset(map(chr, font.get_charmap()))
