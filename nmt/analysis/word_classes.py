"""What class each token of a sentence belongs to: its part of speech, or how frequent it is."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nmt.data.grammar.classes import english
from nmt.data.ids import BOS, EOS, PAD, SPECIAL, UNK
from nmt.data.pair import Pair
from nmt.decoding.trained import Run
from nmt.evaluation import attention
from nmt.evaluation.references import linked_words

_RANKS = (10, 100, 1000, 10_000)
_NAMES = {PAD: "[PAD]", BOS: "<begin>", EOS: "<end>", UNK: "[UNK]"}
END = _NAMES[EOS]


def has_parts(run: Run) -> bool:
  """Whether the source's parts of speech are known: those of the embedded grammar are."""
  data = run.config.data
  return bool(data.corpus == "grammar" and data.source == "en")


def words(run: Run, pair: Pair) -> tuple[list[str | None], attention.Pieces]:
  """The part of speech of each source word, None where it isn't known, and the words' pieces."""
  source, target = linked_words(run, pair)
  parts = [english(word, place == 0) for place, word in enumerate(source)]
  return parts, attention.pieces(run, source, target)


def of_source(run: Run, pair: Pair) -> tuple[list[int], list[str]]:
  """The source's ids without its end, and the class of each token and of the end.

  Parts of speech where they are known (words with several: `other`), bands of frequency elsewhere.
  """
  if not has_parts(run):
    ids = run.source.encode(pair.source)
    return ids, [band(token) for token in [*ids, EOS]]
  parts, pieces = words(run, pair)
  return pieces.ids[0], [*(parts[owner] or "other" for owner in pieces.source_owner), END]


def band(token: int) -> str:
  """A token's band by its rank in the vocabulary, which is sorted by frequency."""
  if token in _NAMES:
    return _NAMES[token]
  rank = token - len(SPECIAL) + 1
  low = 1
  for high in _RANKS:
    if rank <= high:
      return f"rank {low:,}-{high:,}"
    low = high + 1
  return f"rank {low:,} and on"


def means(values: np.ndarray, classes: Sequence[str]) -> list[dict[str, Any]]:
  """A row {class, tokens, mean} for each class, the mean along the first axis.

  Bands are in their order, after all others, the largest of which comes first.
  """
  found = []
  for name in sorted(set(classes)):
    own = np.array([one == name for one in classes])
    found.append({"class": name, "tokens": int(own.sum()), "mean": values[own].mean(axis=0)})
  return sorted(found, key=lambda row: (_low(row["class"]), -row["tokens"]))


def _low(name: str) -> int:
  """The lowest rank of a band; 0 of other classes."""
  first = name.removeprefix("rank ").partition("-")[0].partition(" ")[0].replace(",", "")
  return int(first) if name.startswith("rank ") else 0
