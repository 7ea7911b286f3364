"""BLEU and chrF of any choice of sentences, from counts that are kept for each sentence.

Both are functions of sums over sentences, so that a resampled corpus is scored without its text.
The counts are sacreBLEU's own, and so are the scores, to rounding.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from jaxtyping import Float64, Int64, Num
from sacrebleu.metrics import BLEU, CHRF

from nmt.errors import UserError, first_line

Sums = Num[np.ndarray, "*corpora counts"]

_ORDERS = 4  # of BLEU's n-grams
_BETA = 2  # of chrF


class Metric(Protocol):
  """A score of a corpus in [0, 100]: higher is better."""

  signature: str

  def counts(self, hypotheses: Sequence[str]) -> Int64[np.ndarray, "sentences counts"]:
    """What each sentence adds to the sums (sentences x counts, int64)."""

  def score(self, sums: Sums) -> Float64[np.ndarray, "*corpora"]:
    """The score of each corpus whose sums are along the last axis."""


class Bleu:
  """Corpus BLEU (Papineni et al., 2002) with sacreBLEU's exponential smoothing.

  Counts: length, reference length, then matched and all n-grams for n = 1 to 4. UserError: the
  tokenizer can't be used here.
  """

  def __init__(self, references: Sequence[str], tokenizer: str = "13a"):
    try:
      self._metric = BLEU(force=True, tokenize=tokenizer, references=[references])
    except Exception as e:  # a package or a file that can't be had: each has its own kind
      raise UserError(f"BLEU's tokenizer {tokenizer} can't be used here: {first_line(e)}") from e
    self.signature = str(self._metric.get_signature())

  def counts(self, hypotheses: Sequence[str]) -> Int64[np.ndarray, "sentences counts"]:
    return np.array(self._metric._extract_corpus_statistics(hypotheses, None), np.int64)

  def score(self, sums: Sums) -> Float64[np.ndarray, "*corpora"]:
    sums = np.asarray(sums, np.float64)
    length, wanted = sums[..., 0], sums[..., 1]
    correct, total = sums[..., 2 : 2 + _ORDERS], sums[..., 2 + _ORDERS :]
    halved = 2.0 ** np.cumsum(correct == 0, axis=-1)  # each order without a match halves the next
    matched = np.where(correct > 0, correct, 1 / halved)
    logs = np.log(100 * matched / np.maximum(total, 1))
    with np.errstate(over="ignore"):
      brevity = np.exp(np.minimum(0, 1 - wanted / np.maximum(length, 1e-9)))
    some = correct.any(axis=-1) & (total > 0).all(axis=-1)
    return np.where(some, brevity * np.exp(logs.mean(axis=-1)), 0.0)


class Chrf:
  """chrF2 (Popovic, 2015, 2016) as sacreBLEU has it: character 6-grams, beta = 2.

  Counts: n-grams of the hypothesis, of the reference and of both, for n = 1 to 6.
  """

  def __init__(self, references: Sequence[str]):
    self._metric = CHRF(references=[references])
    self.signature = str(self._metric.get_signature())

  def counts(self, hypotheses: Sequence[str]) -> Int64[np.ndarray, "sentences counts"]:
    return np.array(self._metric._extract_corpus_statistics(hypotheses, None), np.int64)

  def score(self, sums: Sums) -> Float64[np.ndarray, "*corpora"]:
    sums = np.asarray(sums, np.float64)
    found, wanted, both = sums[..., 0::3], sums[..., 1::3], sums[..., 2::3]
    counts = (found > 0) & (wanted > 0)
    orders = np.maximum(counts.sum(axis=-1), 1)
    precision = np.where(counts, both / np.maximum(found, 1), 0).sum(axis=-1) / orders
    recall = np.where(counts, both / np.maximum(wanted, 1), 0).sum(axis=-1) / orders
    below = _BETA**2 * precision + recall
    score = (1 + _BETA**2) * precision * recall / np.where(below > 0, below, 1)
    return np.asarray(100 * score)
