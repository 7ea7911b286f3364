"""The report of a run on a test set: translations, scores, alignments, and one to draw."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from nmt.data.ids import UNK
from nmt.data.normalization import normalized_pair
from nmt.data.pair import Pair
from nmt.data.text_files import one_line
from nmt.decoding.trained import Run
from nmt.decoding.translator import Translator
from nmt.errors import UserError
from nmt.evaluation.bleu import tokenizer as bleu_tokenizer
from nmt.evaluation.references import ATTENTION, Example, force_references
from nmt.evaluation.scores import scores
from nmt.progress_bar import shown


@dataclass(frozen=True)
class Report:
  """What was found of a split: `scores` are JSON-able, the texts have a line a sentence."""

  scores: dict[str, Any]
  sources: list[str]
  hypotheses: list[str]
  references: list[str]
  example: Example | None

  @property
  def texts(self) -> tuple[list[str], list[str], list[str]]:
    """In the order in which `results.TEXTS` names them."""
    return self.sources, self.hypotheses, self.references


def report(
  run: Run,
  split: str,
  pairs: Sequence[Pair],
  *,
  decode: ConfigDict | None = None,
  tokenizer: str = "",
) -> Report:
  """Translates and scores `pairs`; where they hold gold links they are aligned too.

  `decode` and `tokenizer` stand in for the run's own settings of search and of BLEU; text is
  normalised as the run's is. Raises UserError when there are no pairs.
  """
  if not pairs:
    raise UserError(f"{split}: nothing to score, there are no sentences")
  pairs = [normalized_pair(pair, run.config.data.normalize) for pair in pairs]
  decode = run.config.decode if decode is None else decode
  tokenizer = tokenizer or bleu_tokenizer(run.config)
  sources, references = [p.source for p in pairs], [p.target for p in pairs]
  encoded = [(run.source.encode(p.source), run.target.encode(p.target)) for p in pairs]

  began = time.monotonic()
  searched = _translate(run, sources, decode, f"translate {split}")
  seconds = time.monotonic() - began
  known = free = None
  if {"words", "characters"} & {run.source.kind, run.target.kind}:
    known = [UNK not in source and UNK not in target for source, target in encoded]
    free = _without_unk(run, sources, searched, known, decode)

  lengths = [len(run.source.words(source)) for source in sources]
  forced = force_references(run, pairs, encoded, searched.texts)
  found = {
    "split": split,
    "update": run.update,
    **scores(searched.texts, references, lengths, known, free, tokenizer),
    **forced.likelihood,
    "cut": searched.cut,
    "too_long": searched.too_long,
    "alignment": forced.alignment,
    **(forced.attention or dict.fromkeys(ATTENTION)),
    "decode": decode.to_dict(),
    "seconds_translating": round(seconds, 3),
  }
  return Report(found, sources, searched.texts, references, forced.example)


class _Searched(NamedTuple):
  """Translations on one line each, whether they hold [UNK], and how many lines were too long.

  cut: how many translations reached their longest length before their end.
  """

  texts: list[str]
  unk: list[bool]
  cut: int
  too_long: int


def _translate(run: Run, sources: Sequence[str], decode: ConfigDict, what: str) -> _Searched:
  translator = Translator(run, decode)
  lines = shown(translator.translate(sources), len(sources), what)
  rows = [
    (one_line(one.text), UNK in one.ids, translator.cut(one), translator.too_long(one))
    for one in lines
  ]
  texts, unk, cut, too_long = map(list, zip(*rows, strict=True))
  return _Searched(texts, unk, sum(cut), sum(too_long))


def _without_unk(
  run: Run,
  sources: Sequence[str],
  searched: _Searched,
  known: Sequence[bool],
  decode: ConfigDict,
) -> list[str]:
  """The translations of known sentences as the paper scores them: with [UNK] forbidden.

  Only what came out with [UNK] is searched again.
  """
  again = [index for index, pair in enumerate(zip(known, searched.unk, strict=True)) if all(pair)]
  free = list(searched.texts)
  if again:
    forbidding = ConfigDict({**decode.to_dict(), "forbid_unk": True})
    found = _translate(run, [sources[i] for i in again], forbidding, "without [UNK]")
    for index, text in zip(again, found.texts, strict=True):
      free[index] = text
  return free
