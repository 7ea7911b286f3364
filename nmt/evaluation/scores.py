"""All scores of one translated corpus, as a JSON-able dict."""

from collections.abc import Sequence
from typing import Any

from nmt.evaluation.bleu import bleu, chrf

_BUCKET = 10  # source words


def scores(
  hypotheses: Sequence[str],
  references: Sequence[str],
  source_words: Sequence[int],
  known: Sequence[bool] | None = None,
  hypotheses_known: Sequence[str] | None = None,
  tokenizer: str = "13a",
) -> dict[str, Any]:
  """BLEU, lower-cased BLEU, chrF, BLEU by source length, and BLEU where every word is known.

  Args:
    hypotheses, references: detokenised text, a sentence each.
    source_words: length of each source sentence in words.
    known: whether neither source nor reference holds [UNK]; None where no word is unknown.
    hypotheses_known: the translations to score there, [UNK] forbidden (default: `hypotheses`).
    tokenizer: sacreBLEU's, of all BLEU.
  """
  cased, signature = bleu(hypotheses, references, tokenizer=tokenizer)
  lower, lower_signature = bleu(hypotheses, references, lowercase=True, tokenizer=tokenizer)
  characters, characters_signature = chrf(hypotheses, references)
  no_unk = None
  if known is not None:
    no_unk = _subset(hypotheses_known or hypotheses, references, known, tokenizer)
  return {
    "sentences": len(references),
    "bleu": {"score": cased, "signature": signature},
    "bleu_lowercase": {"score": lower, "signature": lower_signature},
    "chrf": {"score": characters, "signature": characters_signature},
    "no_unk": no_unk,
    "by_length": by_length(hypotheses, references, source_words, tokenizer),
  }


def by_length(
  hypotheses: Sequence[str],
  references: Sequence[str],
  source_words: Sequence[int],
  tokenizer: str = "13a",
) -> list[dict[str, Any]]:
  """BLEU of the sentences of 1-10, 11-20, ... source words; empty buckets are left out."""
  rows = []
  for (start, end), places in buckets(source_words).items():
    inside = set(places)
    row = _subset(hypotheses, references, [i in inside for i in range(len(references))], tokenizer)
    rows.append({"from": start, "to": end, **row})
  return rows


def buckets(source_words: Sequence[int]) -> dict[tuple[int, int], list[int]]:
  """The sentences of 1-10, 11-20, ... source words, in order; empty buckets are left out."""
  found: dict[tuple[int, int], list[int]] = {}
  for place, length in enumerate(source_words):
    bucket = max(0, length - 1) // _BUCKET
    found.setdefault((bucket * _BUCKET + 1, (bucket + 1) * _BUCKET), []).append(place)
  return dict(sorted(found.items()))


def _subset(
  hypotheses: Sequence[str], references: Sequence[str], chosen: Sequence[bool], tokenizer: str
) -> dict[str, Any]:
  kept = [index for index, keep in enumerate(chosen) if keep]
  if not kept:
    return {"sentences": 0, "bleu": None}
  found, wanted = [hypotheses[i] for i in kept], [references[i] for i in kept]
  score, _ = bleu(found, wanted, tokenizer=tokenizer)
  return {"sentences": len(kept), "bleu": score}
