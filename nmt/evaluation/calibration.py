"""Are words with probability p right a share p of the time? Reliability and ECE of word choices."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

BINS = 20


class Bin(NamedTuple):
  """The words whose probability is in (low, high]; means are None of no words."""

  low: float
  high: float
  words: int
  confidence: float | None
  accuracy: float | None


class Reliability(NamedTuple):
  """ece: expected calibration error, in [0, 1]; overconfidence: mean confidence - accuracy."""

  words: int
  ece: float
  overconfidence: float
  bins: list[Bin]


def reliability(
  confidence_N: Float[np.ndarray, "N"], right_N: Bool[np.ndarray, "N"], bins: int = BINS
) -> Reliability:
  """ECE = sum_m |B_m| / N |accuracy(B_m) - confidence(B_m)| (Guo et al., 2017).

  B_m are the words whose probability is in ((m - 1) / M, m / M]; a probability of 0 is in the
  first. ValueError: no words, or a confidence that is no probability.
  """
  confidence_N = confidence_N.astype(np.float64)
  if not len(confidence_N) or not ((confidence_N >= 0) & (confidence_N <= 1 + 1e-6)).all():
    raise ValueError("reliability is of one probability or more")
  place_N = np.clip(np.ceil(confidence_N * bins) - 1, 0, bins - 1).astype(int)
  words = np.bincount(place_N, minlength=bins)
  confidence = np.bincount(place_N, confidence_N, bins)
  right = np.bincount(place_N, right_N, bins)
  rows = [
    Bin(
      m / bins,
      (m + 1) / bins,
      int(words[m]),
      float(confidence[m] / words[m]) if words[m] else None,
      float(right[m] / words[m]) if words[m] else None,
    )
    for m in range(bins)
  ]
  return Reliability(
    words=len(confidence_N),
    ece=float(np.abs(right - confidence).sum() / len(confidence_N)),
    overconfidence=float(confidence_N.mean() - right_N.mean()),
    bins=rows,
  )


def matched(translation: Sequence[int], reference: Sequence[int]) -> list[bool]:
  """Which tokens of a translation stay as they are in the fewest edits that make its reference.

  Wang et al. (2020) call a token right by TER's alignment to the reference; this one has no shifts,
  so that a token in another place is wrong. Of several ways with as few edits (insertions,
  deletions, substitutions), the one that keeps the last tokens.
  """
  T, R = len(translation), len(reference)
  edits = np.zeros((T + 1, R + 1), int)  # between the first t and the first r tokens
  edits[:, 0], edits[0] = np.arange(T + 1), np.arange(R + 1)
  for t in range(1, T + 1):
    for r in range(1, R + 1):
      kept = edits[t - 1, r - 1] + (translation[t - 1] != reference[r - 1])
      edits[t, r] = min(kept, edits[t - 1, r] + 1, edits[t, r - 1] + 1)
  found, t, r = [False] * T, T, R
  while t and r:
    same = translation[t - 1] == reference[r - 1]
    if edits[t, r] == edits[t - 1, r - 1] + (not same):
      t, r = t - 1, r - 1
      found[t] = same
    elif edits[t, r] == edits[t - 1, r] + 1:
      t -= 1
    else:
      r -= 1
  return found
