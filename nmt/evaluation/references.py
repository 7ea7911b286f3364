"""What forcing a test set tells: its likelihood, its alignments, and a sentence pair to draw.

One pass serves all three. A pair is forced twice only where the pieces of its words are not those
of its text, and its alignments are reduced to links at once, so that memory stays flat.
"""

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from nmt.data.links import spaced
from nmt.data.pair import Pair
from nmt.data.words import Words
from nmt.decoding.forced import force
from nmt.decoding.trained import Run
from nmt.evaluation import alignment, attention
from nmt.perplexity import perplexity

Ids = tuple[list[int], list[int]]  # of a source and a target

ATTENTION = ("attention_entropy", "attention_coverage", "attention_diagonality")

_DRAWN = range(6, 19)  # words of a sentence that makes a good figure
_CANDIDATES = 100  # for the figure


class Example(NamedTuple):
  """An alignment to draw: words and weights, the end of sentence last, and gold links if known."""

  source: list[str]
  target: list[str]
  alpha_TxJ: Float[np.ndarray, "T J"]
  gold: alignment.Links | None


class Findings(NamedTuple):
  """Scores are JSON-able; there is no alignment without gold links, or without attention.

  attention: of the weights between tokens, ends included, or None without attention:
  attention_entropy, the mean over the references' tokens in nats, attention_diagonality, likewise,
  and attention_coverage, the mean over the sources' tokens (see nmt/evaluation/attention.py).
  """

  likelihood: dict[str, Any]
  attention: dict[str, float] | None
  alignment: dict[str, Any] | None
  example: Example | None


class _Task(NamedTuple):
  """A pair to force. place: its place among the candidates for the figure; None if it is none."""

  ids: Ids
  counts: bool  # whether its likelihood does
  pieces: attention.Pieces | None
  gold: alignment.Links | None
  place: int | None


def force_references(
  run: Run, pairs: Sequence[Pair], encoded: Sequence[Ids], hypotheses: Sequence[str]
) -> Findings:
  """Forces the references of `pairs`, whose ids are `encoded`.

  The example is the sentence whose words are reordered most, of those that make a good figure; if
  there is none of these, the shortest. With gold links it is aligned to its reference, else to its
  hypothesis; there is none where nothing was translated, or without attention.
  """
  tasks = _tasks(run, pairs, encoded, hypotheses)
  total, tokens, source_tokens, too_long = 0.0, 0, 0, 0
  spread = covered = diagonal = 0.0
  found: dict[str, list[list[alignment.Link]]] = {"agreement": [], "argmax": []}
  wanted: list[alignment.Links] = []
  example: Example | None = None
  most = -1, 0  # crossings; of equals the first
  for task, forced in zip(tasks, force(run, (task.ids for task in tasks)), strict=True):
    if task.counts and forced is None:
      too_long += 1
    elif task.counts and forced is not None:
      total += float(forced.log_probs_T.sum(dtype="float64"))
      tokens += len(forced.log_probs_T)
      if run.aligns and forced.alpha_TxJ is not None:
        spread += float(attention.entropy(forced.alpha_TxJ).sum())
        covered += float(attention.coverage(forced.alpha_TxJ).sum())
        diagonal += float(attention.diagonality(forced.alpha_TxJ).sum())
        source_tokens += forced.alpha_TxJ.shape[1]
    if task.pieces is None:
      continue
    source, target, alpha_TxJ = task.pieces.aligned(forced)
    if task.gold is not None:
      wanted.append(task.gold)
      for method, links in found.items():
        links.append([] if alpha_TxJ is None else attention.links(alpha_TxJ, method))
    if task.place is not None and alpha_TxJ is not None:
      worth = _crossings(attention.links(alpha_TxJ)), -task.place
      if worth > most:
        most, example = worth, Example(source, target, alpha_TxJ, task.gold)
  value = perplexity(-total, tokens)
  return Findings(
    {
      "perplexity": value if math.isfinite(value) else None,  # JSON knows no infinity
      "log_probability": total,
      "reference_tokens": tokens,
      "not_forced": too_long,
    },
    _mean((spread, tokens), (covered, source_tokens), (diagonal, tokens)),
    _score(found, wanted) if wanted else None,
    example,
  )


def _mean(*sums: tuple[float, int]) -> dict[str, float] | None:
  """The means of ATTENTION from sums and counts; None of nothing."""
  if not all(count for _, count in sums):
    return None
  return {name: total / count for name, (total, count) in zip(ATTENTION, sums, strict=True)}


def _tasks(
  run: Run, pairs: Sequence[Pair], encoded: Sequence[Ids], hypotheses: Sequence[str]
) -> list[_Task]:
  """The references first, then what has other pieces."""
  places = _places(pairs, hypotheses) if run.aligns else {}
  first, more = [], []
  for index, (pair, ids, hypothesis) in enumerate(zip(pairs, encoded, hypotheses, strict=True)):
    if not run.aligns or not (pair.links or index in places):
      first.append(_Task(ids, True, None, None, None))
      continue
    gold = alignment.parse(pair.links) if pair.links else None
    if gold is None:
      words = run.source.words(pair.source), run.target.words(hypothesis)
    else:
      words = linked_words(run, pair)
    pieces = attention.pieces(run, *words)
    place = places.get(index)
    if pieces.ids == ids:
      first.append(_Task(ids, True, pieces, gold, place))
    else:
      first.append(_Task(ids, True, None, None, None))
      more.append(_Task(pieces.ids, False, pieces, gold, place))
  return first + more


def linked_words(run: Run, pair: Pair) -> tuple[list[str], list[str]]:
  """The words of a pair that its gold links count.

  They are Moses words, whatever the tokens are, unless a file beside the text has the links.
  """
  if pair.spaced:
    return spaced(pair.source), spaced(pair.target)
  data = run.config.data
  return _moses(data.source).words(pair.source), _moses(data.target).words(pair.target)


@functools.lru_cache(maxsize=4)
def _moses(language: str) -> Words:
  return Words(language, ())


def _places(pairs: Sequence[Pair], hypotheses: Sequence[str]) -> dict[int, int]:
  """The candidates for the figure, by their index: the place of each among them."""
  translated = [index for index, hypothesis in enumerate(hypotheses) if hypothesis]
  legible = [index for index in translated if len(pairs[index].source.split()) in _DRAWN]
  shortest = sorted(translated, key=lambda index: len(pairs[index].source))[:1]
  return {index: place for place, index in enumerate(legible[:_CANDIDATES] or shortest)}


def _score(
  found: dict[str, list[list[alignment.Link]]], gold: list[alignment.Links]
) -> dict[str, Any]:
  scores = {method: alignment.score(links, gold) for method, links in found.items()}
  return asdict(scores["agreement"]) | {"aer_argmax": scores["argmax"].aer}


def _crossings(links: Sequence[alignment.Link]) -> int:
  """How many neighbouring target words look backwards, at an earlier source word."""
  sources = [j for j, _ in links]
  return sum(after < before for before, after in itertools.pairwise(sources))
