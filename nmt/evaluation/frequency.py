"""How well words are translated by how often they were seen in training, as compare-mt asks.

Words are those of sacreBLEU's tokenizer, of the test set and of the training data alike.
"""

import functools
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Num
from ml_collections import ConfigDict
from sacrebleu.metrics import BLEU

from nmt.data import cache
from nmt.data.corpora import Corpus, open_corpus
from nmt.data.parallel import Indices, Pool
from nmt.evaluation.significance import Counts, percentiles, resample

# From how many times on; the buckets of compare-mt (Neubig et al., 2019).
BUCKETS = (0, 1, 2, 3, 4, 5, 10, 100, 1000)
MEASURES = ("precision", "recall", "f1")
RESAMPLES, _SEED = 1000, 12345


def words(line: str, tokenizer: str) -> list[str]:
  """The words of a line as BLEU counts them."""
  return str(_tokenizer(tokenizer)(line.rstrip())).split()


@functools.lru_cache(maxsize=4)
def _tokenizer(name: str) -> Any:
  return BLEU(tokenize=name, force=True).tokenizer


def training(data: ConfigDict, tokenizer: str) -> dict[str, int]:
  """How often each target word occurs in the training split, counted once and kept in the cache.

  data: `config.data` of a run. The pairs that data.filter leaves out count too. UserError: the
  corpus can't be opened, or the cache can't be written.
  """
  with Pool() as pool:
    corpus = open_corpus(data, data.train, pool)
    key = cache.key(corpus=corpus.fingerprint, language=data.target, tokenizer=tokenizer)

    def count(folder: Path) -> None:
      counts: Counter[str] = Counter()
      work = functools.partial(_count, corpus, tokenizer)
      for part in pool.chunked(work, range(len(corpus)), "counting words"):
        counts.update(part)
      (folder / "counts.json").write_text(json.dumps(counts), encoding="utf-8")

    folder = cache.once(cache.root(data.cache) / "frequencies" / key, count)
  found: dict[str, int] = json.loads((folder / "counts.json").read_text(encoding="utf-8"))
  return found


def _count(corpus: Corpus, tokenizer: str, chunk: Indices) -> Counter[str]:
  counts: Counter[str] = Counter()
  for pair in corpus.read(chunk):
    counts.update(words(pair.target, tokenizer))
  return counts


def by_frequency(
  hypotheses: Sequence[str],
  references: Sequence[str],
  frequency: Mapping[str, int],
  tokenizer: str = "13a",
) -> list[dict[str, Any]]:
  """Precision, recall and F1 of words, in percent, by their frequency in training.

  A word of a translation is right if its reference has it, as often as that has it. A row is
  {from, to, reference, precision, recall, f1}; `to` is None in the last, and a bucket without a
  word on either side is left out.
  """
  rows = with_intervals(hypotheses, references, frequency, tokenizer, 0)
  return [row | {name: row[name]["score"] for name in MEASURES} for row in rows]


def with_intervals(
  hypotheses: Sequence[str],
  references: Sequence[str],
  frequency: Mapping[str, int],
  tokenizer: str = "13a",
  resamples: int = RESAMPLES,
) -> list[dict[str, Any]]:
  """`by_frequency` with {score, low, high} for each of its measures.

  low and high are the ends of the 95 % interval of resampled sentences, of those test sets among
  them that have such words; None where fewer than two sentences have any.
  """
  counts_SxBx3 = _counts(hypotheses, references, frequency, tokenizer)
  rows: list[dict[str, Any]] = []
  measures: list[Counts] = []
  for place, (start, edge) in enumerate(zip(BUCKETS, [*BUCKETS[1:], None], strict=True)):
    found_S, wanted_S, right_S = counts_SxBx3[:, place].T
    if found_S.any() or wanted_S.any():
      end = None if edge is None else edge - 1
      rows.append({"from": start, "to": end, "reference": int(wanted_S.sum())})
      for above, below in (
        (right_S, found_S),  # as MEASURES has them
        (right_S, wanted_S),
        (2 * right_S, found_S + wanted_S),
      ):
        measures.append(np.stack([above, below], axis=1))
  cells = iter(_scores(measures, resamples))
  return [row | {name: next(cells) for name in MEASURES} for row in rows]


def _counts(
  hypotheses: Sequence[str],
  references: Sequence[str],
  frequency: Mapping[str, int],
  tokenizer: str,
) -> Int[np.ndarray, "S B 3"]:
  """Of each sentence and bucket, the words found, those wanted, and those that are right."""
  counts_SxBx3 = np.zeros((len(references), len(BUCKETS), 3), np.int64)
  for row_Bx3, *lines in zip(counts_SxBx3, hypotheses, references, strict=True):
    ours, theirs = (Counter(words(line, tokenizer)) for line in lines)
    for kind, own in enumerate((ours, theirs, ours & theirs)):
      for word, count in own.items():
        seen = frequency.get(word, 0)
        row_Bx3[sum(seen >= edge for edge in BUCKETS) - 1, kind] += count
  return counts_SxBx3


def _scores(measures: Sequence[Counts], resamples: int) -> list[dict[str, float | None]]:
  """The ratio of two counts, in percent, 0 where the lower is 0, and its interval if asked for."""
  cells: list[dict[str, float | None]] = []
  for one in measures:
    score = float(np.nan_to_num(_percent(one.sum(axis=0))))
    cells.append({"score": score, "low": None, "high": None})
  if measures and resamples:
    drawn = resample(_percent, measures, resamples, np.random.default_rng(_SEED))
    for cell, one, values in zip(cells, measures, drawn.T, strict=True):
      if np.count_nonzero(one[:, 1]) > 1:
        cell["low"], cell["high"] = percentiles(values).tolist()
  return cells


def _percent(sums: Num[np.ndarray, "*corpora 2"]) -> Float[np.ndarray, "*corpora"]:
  above, below = np.moveaxis(sums.astype(np.float64), -1, 0)
  nothing = np.full_like(above, np.nan)
  return np.asarray(np.divide(100 * above, below, out=nothing, where=below > 0))
