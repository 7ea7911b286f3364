"""Sentences of a wanted number of words."""

from nmt.data.grammar import lexicon_small as small
from nmt.data.grammar.clauses import clause, pick_time
from nmt.data.grammar.draw import Draw
from nmt.data.grammar.entries import phrases
from nmt.data.grammar.words import Row, Source, Target, length

CONNECTIVES = {" ".join(p.english): p for p in phrases(small.CONNECTIVES)}
_COMMA = ("and", "but", "whereas", "so")


def mark(row: Row, text: str) -> None:
  """Adds a mark of punctuation."""
  word = Source(text)
  row[0].append(word)
  row[1].append(Target(text, (word,)))


def sentence(d: Draw, words: int) -> Row:
  """A sentence of about so many words."""
  time = pick_time(d)
  row: Row = ([], [])
  left = words
  while left > 12 or (left >= 8 and d.chance(0.35)):
    size = min(d.between(4, 9), left - 5)
    source, target = clause(d, size, time)
    row = (row[0] + source, row[1] + target)
    connective = d.pick(tuple(CONNECTIVES))
    if connective in _COMMA:
      mark(row, ",")
    source, target = CONNECTIVES[connective].make()
    row = (row[0] + source, row[1] + target)
    left = words - length(row[0])
  source, target = clause(d, left, time)
  row = (row[0] + source, row[1] + target)
  mark(row, ".")
  return row
