"""BLEU, chrF and perplexity of a translated corpus: sacreBLEU's, with their signatures."""

import math
from collections.abc import Sequence

from sacrebleu.metrics import BLEU, CHRF

from nmt.errors import UserError


def bleu(
  hypotheses: Sequence[str], references: Sequence[str], lowercase: bool = False
) -> tuple[float, str]:
  """BLEU of detokenised text in [0, 100] (sacreBLEU, 13a), with the signature that identifies it.

  Raises UserError when there is nothing to score or the two sides differ in length.
  """
  _check(hypotheses, references)
  # `force` only silences the guess that the text is tokenised; it changes no score.
  metric = BLEU(lowercase=lowercase, force=True)
  score = metric.corpus_score(hypotheses, [references]).score
  return float(score), str(metric.get_signature())


def chrf(hypotheses: Sequence[str], references: Sequence[str]) -> tuple[float, str]:
  """chrF2 in [0, 100] (sacreBLEU, character 6-grams, beta 2), with its signature.

  Raises UserError when there is nothing to score or the two sides differ in length.
  """
  _check(hypotheses, references)
  metric = CHRF()
  score = metric.corpus_score(hypotheses, [references]).score
  return float(score), str(metric.get_signature())


def perplexity(log_probability: float, tokens: int) -> float:
  """exp(-sum log p(y_i) / tokens), natural logarithms; the end of a sentence is a token too."""
  if tokens == 0:
    return math.nan
  nats = -log_probability / tokens
  return math.exp(nats) if nats < 700 else math.inf


def _check(hypotheses: Sequence[str], references: Sequence[str]) -> None:
  if len(hypotheses) != len(references):
    raise UserError(
      f"{len(hypotheses)} translations against {len(references)} references: "
      "each needs one line a sentence"
    )
  if not hypotheses:
    raise UserError("nothing to score: there are no sentences")
