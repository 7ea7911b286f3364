"""The loss of parameters on sentences of a run's own data."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from nmt.decoding.forced import force
from nmt.decoding.trained import Run
from nmt.errors import UserError

SENTENCES = 256  # that models are looked at with, unless asked otherwise


def losses(run: Run, ids: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[tuple[float, int]]:
  """Of each pair: the sum of -ln p over its target tokens, ends included, and how many these are.

  ids: (source ids, target ids) without ends. A pair that is too long to be forced has no tokens.
  """
  found = []
  for one in force(run, ids, alignments=False):
    log_probs_T = np.empty(0) if one is None else one.log_probs_T
    found.append((-float(log_probs_T.sum(dtype=np.float64)), len(log_probs_T)))
  return found


def loss(run: Run, ids: Sequence[tuple[Sequence[int], Sequence[int]]], params: Any = None) -> float:
  """Nats a target token, with other parameters if they are given. UserError: nothing is forced."""
  if params is not None:
    run = dataclasses.replace(run, params=params)
  each = losses(run, ids)
  tokens = sum(count for _, count in each)
  if not tokens:
    raise UserError("there is no sentence to take the loss of")
  return sum(nll for nll, _ in each) / tokens
