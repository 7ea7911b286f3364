"""SentencePiece subwords, set so that detokenising gives back any text to the letter."""

import functools
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

import sentencepiece

from nmt.data.bpe_dropout import SPACE, Sampler
from nmt.data.ids import BOS, EOS, PAD, SPECIAL, UNK
from nmt.data.spans import Span, of_bytes
from nmt.errors import UserError

# SentencePiece would read SPACE in a text as a space:
ESCAPE = "\ue000"  # it becomes ESCAPE 1, and the (private) ESCAPE itself ESCAPE 0
LINE_BYTES = 1 << 24  # SentencePiece leaves longer lines out of training


class Subwords:
  """Byte-pair or unigram pieces; characters without one are spelt in UTF-8 bytes, never [UNK]."""

  def __init__(self, model: bytes):
    self._model = model
    self._processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    self.size = self._processor.vocab_size()
    self.kind = "subwords"

  def encode(self, line: str) -> list[int]:
    ids: list[int] = self._processor.encode(_escape(line))
    return ids

  def sample(self, lines: Sequence[str], dropout: float, seed: str) -> list[list[int]]:
    """The ids of lines under BPE-dropout."""
    return self._sampler.encode([_escape(line) for line in lines], dropout, seed)

  @functools.cached_property
  def _sampler(self) -> Sampler:
    return Sampler(self._processor)

  def decode(self, ids: Iterable[int]) -> str:
    return _unescape(self._processor.decode([index for index in map(int, ids) if index > EOS]))

  def words(self, line: str) -> list[str]:
    return line.split()

  def encode_words(self, words: Sequence[str]) -> tuple[list[int], list[int]]:
    ids = self.encode(" ".join(words))
    owner, word = [], -1
    for piece in self._processor.id_to_piece(ids):
      word += piece.startswith(SPACE)
      owner.append(word)
    return ids, owner

  def spans(self, line: str, ids: Sequence[int]) -> list[Span] | None:
    if not ids or _escape(line) != line:
      return None if line else []
    sizes = [
      1 if self._processor.is_byte(index) else len(piece.replace(SPACE, " ").encode())
      for index, piece in zip(ids, self._processor.id_to_piece(list(ids)), strict=True)
    ]
    return of_bytes(line, sizes, before=1)  # the space that SentencePiece puts before a line

  def pieces(self, ids: Iterable[int]) -> list[str]:
    ids = [int(index) for index in ids]
    found = self._processor.id_to_piece(ids)
    return [
      SPECIAL[index] if index <= UNK else piece for index, piece in zip(ids, found, strict=True)
    ]

  def dump(self) -> bytes:
    return self._model

  def __reduce__(self) -> tuple[Any, ...]:
    return Subwords, (self._model,)


def train(kind: str, size: int, lines: Iterable[str]) -> Subwords:
  """Learns `size` pieces from lines. UserError: the lines cannot support so many, or need more."""
  model = io.BytesIO()
  try:
    sentencepiece.SentencePieceTrainer.train(
      sentence_iterator=map(_escape, lines),
      model_writer=model,
      model_type=kind,
      vocab_size=size,
      pad_id=PAD,
      bos_id=BOS,
      eos_id=EOS,
      unk_id=UNK,
      unk_surface=SPECIAL[UNK],
      # text is taken as it is: no Unicode normalisation, no space removed, no character left out
      normalization_rule_name="identity",
      remove_extra_whitespaces=False,
      character_coverage=1.0,
      byte_fallback=True,
      max_sentence_length=LINE_BYTES,
      num_threads=1,  # more would make unigram training depend on the machine
      minloglevel=2,
    )
  except RuntimeError as error:
    raise UserError(_explain(kind, size, str(error))) from error
  return Subwords(model.getvalue())


def _explain(kind: str, size: int, message: str) -> str:
  wanted = f"data.tokenizer.size={size} for {kind}"
  if most := re.search(r"value <= (\d+)", message):
    return f"{wanted} is more than the corpus can support: at most {most[1]}"
  if least := re.search(r"required_chars\. \d+ vs (\d+)", message):
    return (
      f"{wanted} is less than the corpus's characters and the 256 bytes need: at least {least[1]}"
    )
  return f"{wanted} cannot be learnt: {' '.join(message.split())}"


def _escape(line: str) -> str:
  if SPACE in line or ESCAPE in line:
    return line.replace(ESCAPE, ESCAPE + "0").replace(SPACE, ESCAPE + "1")
  return line


def _unescape(line: str) -> str:
  if ESCAPE in line:
    return line.replace(ESCAPE + "1", SPACE).replace(ESCAPE + "0", ESCAPE)
  return line
