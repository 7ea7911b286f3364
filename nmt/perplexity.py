"""Perplexity, which training and evaluation report alike."""

import math


def perplexity(nll: float, tokens: float) -> float:
  """exp(nll / tokens), of a sum of -log p in nats; ends of sentences are tokens too.

  Infinite where that is too large for a float; nan where there are no tokens.
  """
  if not tokens:
    return math.nan
  mean = nll / tokens
  return math.exp(mean) if mean < 700 else math.inf
