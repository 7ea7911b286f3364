"""How well words are translated by how often they were seen in training, as compare-mt asks.

Words are those of sacreBLEU's tokenizer, of the test set and of the training data alike.
"""

import functools
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict
from sacrebleu.metrics import BLEU

from nmt.data import cache
from nmt.data.corpora import Corpus, open_corpus
from nmt.data.parallel import Indices, Pool

# From how many times on; the buckets of compare-mt (Neubig et al., 2019).
BUCKETS = (0, 1, 2, 3, 4, 5, 10, 100, 1000)


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
  edges = [*BUCKETS[1:], None]
  found, wanted, right = ([0] * len(BUCKETS) for _ in range(3))

  def bucket(word: str) -> int:
    count = frequency.get(word, 0)
    return sum(count >= edge for edge in BUCKETS) - 1

  for hypothesis, reference in zip(hypotheses, references, strict=True):
    ours, theirs = (Counter(words(line, tokenizer)) for line in (hypothesis, reference))
    for into, counts in ((found, ours), (wanted, theirs), (right, ours & theirs)):
      for word, count in counts.items():
        into[bucket(word)] += count
  rows = []
  for place, (start, edge) in enumerate(zip(BUCKETS, edges, strict=True)):
    if found[place] or wanted[place]:
      both = found[place] + wanted[place]
      rows.append(
        {
          "from": start,
          "to": None if edge is None else edge - 1,
          "reference": wanted[place],
          "precision": 100 * right[place] / found[place] if found[place] else 0.0,
          "recall": 100 * right[place] / wanted[place] if wanted[place] else 0.0,
          "f1": 100 * 2 * right[place] / both,
        }
      )
  return rows
