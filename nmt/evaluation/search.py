"""Search errors: what a larger beam finds that a smaller one missed, and whether it is better."""

from collections.abc import Mapping, Sequence
from typing import Any

from nmt.decoding.translator import Translation

_SAME = 1e-4  # scores that differ by less are of the same translation, summed in another order


def by_beam(
  found: Mapping[int, Sequence[Translation]], empty: Sequence[float | None]
) -> list[dict[str, Any]]:
  """A row for each size of the beam, smallest first, all shares in percent of the sentences.

  search_errors: a larger beam, of those tried, found a translation of a higher score. Stahlberg
  and Byrne (2019) ask an exact search, so this is a lower bound; their score is log p(y | x), the
  search's own with a length penalty of 0.
  empty: translations of no word. empty_better: nothing at all would have had a higher score than
  what was found, an error of the model and not of the search.

  Args:
    found: the translations of the same sentences by the size of the beam.
    empty: the score of translating each sentence by nothing; None where it is not known.
  """
  sizes = sorted(found)
  rows = []
  for place, size in enumerate(sizes):
    larger = [found[other] for other in sizes[place + 1 :]]
    ours = found[size]
    missed = nothing = better = 0
    for index, one in enumerate(ours):
      missed += any(_above(other[index].score, one.score) for other in larger)
      nothing += len(one.ids) <= one.finished
      better += _above(empty[index], one.score)
    count = max(len(ours), 1)
    rows.append(
      {
        "beam": size,
        "search_errors": 100 * missed / count if larger else None,
        "empty": 100 * nothing / count,
        "empty_better": 100 * better / count,
        "log_probability": sum(one.log_probability for one in ours) / count,
        "score": sum(one.score for one in ours) / count,
      }
    )
  return rows


def _above(score: float | None, other: float) -> bool:
  return score is not None and score > other + _SAME
