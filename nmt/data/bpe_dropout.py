"""BPE-dropout: a text is cut differently each time, so that its pieces are seen in all company."""

import random
import re
from collections.abc import Callable, Sequence

import sentencepiece

from nmt.data.ids import UNK

SPACE = "\u2581"  # how SentencePiece writes a space; no piece goes on beyond one


class Sampler:
  """Algorithm 1 of Provilkov et al. (2020) over the merges of a SentencePiece BPE model.

  SentencePiece's own sampling cannot be seeded from one process to the next. Without dropout, the
  pieces are those of its `encode`.
  """

  def __init__(self, processor: sentencepiece.SentencePieceProcessor):
    self._id = processor.piece_to_id
    self._merges = {}
    for index in range(processor.vocab_size()):
      special = processor.is_control(index) or processor.is_byte(index)
      if not special and len(piece := processor.id_to_piece(index)) > 1:
        self._merges[piece] = processor.get_score(index)

  def encode(self, lines: Sequence[str], dropout: float, seed: str) -> list[list[int]]:
    """The ids of lines, each possible merge left out with the probability `dropout`."""
    draw = random.Random(seed).random
    return [self._line(line, dropout, draw) for line in lines]

  def _line(self, line: str, dropout: float, draw: Callable[[], float]) -> list[int]:
    ids: list[int] = []
    for word in re.findall(f"{SPACE}[^{SPACE}]*", SPACE + line.replace(" ", SPACE)) if line else ():
      for piece in self._cut(word, dropout, draw):
        index = self._id(piece)
        ids += [self._id(f"<0x{byte:02X}>") for byte in piece.encode()] if index == UNK else [index]
    return ids

  def _cut(self, word: str, dropout: float, draw: Callable[[], float]) -> list[str]:
    pieces, merges = list(word), self._merges
    while True:
      best, at = -float("inf"), -1
      for i in range(len(pieces) - 1):
        score = merges.get(pieces[i] + pieces[i + 1])
        if score is not None and score > best and draw() >= dropout:
          best, at = score, i
      if at < 0:
        return pieces
      pieces[at : at + 2] = [pieces[at] + pieces[at + 1]]
