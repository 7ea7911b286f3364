"""The sentences that models are looked at with: the same ones every time, of a run's own data."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from nmt.data.corpora import open_corpus
from nmt.data.pair import Pair
from nmt.decoding.forced import force
from nmt.decoding.trained import Run
from nmt.errors import UserError

COUNT = 256  # sentences, unless asked otherwise

Ids = list[tuple[list[int], list[int]]]


def sample(run: Run, split: str = "", count: int = COUNT) -> list[Pair]:
  """`count` pairs of a split (default: the validation split), evenly spaced; all if it is smaller.

  UserError: the corpus can't be read here.
  """
  corpus = open_corpus(run.config.data, split or run.config.data.valid)
  return corpus.read(np.unique(np.linspace(0, len(corpus) - 1, count).round().astype(int)).tolist())


def encode(run: Run, pairs: Sequence[Pair]) -> Ids:
  """(source ids, target ids) of pairs, without ends, as the run's tokenizers cut them."""
  return [(run.source.encode(pair.source), run.target.encode(pair.target)) for pair in pairs]


def losses(run: Run, ids: Ids) -> list[tuple[float, int]]:
  """Of each pair: the sum of -ln p over its target tokens, ends included, and how many these are.

  A pair that is too long to be forced counts no token.
  """
  found = force(run, ids, alignments=False)
  return [
    (0.0, 0)
    if one is None
    else (-float(one.log_probs_T.sum(dtype=np.float64)), len(one.log_probs_T))
    for one in found
  ]


def loss(run: Run, ids: Ids, params: Any = None) -> float:
  """Nats a target token, with other parameters if they are given. UserError: nothing is forced."""
  if params is not None:
    run = dataclasses.replace(run, params=params)
  each = losses(run, ids)
  tokens = sum(count for _, count in each)
  if not tokens:
    raise UserError("there is no sentence to take the loss of")
  return sum(nll for nll, _ in each) / tokens
