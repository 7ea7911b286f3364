"""Which updates leave a checkpoint for good, validated or not, for looking at a run over time."""

import math

from ml_collections import ConfigDict


def chosen(valid: ConfigDict, update: int) -> bool:
  """Whether `valid.keep_at` names the update, or `valid.keep_tenfold` = N makes it one of
  10 ** (k / N), rounded, for k = 0, 1, 2, ...
  """
  if update in valid.keep_at:
    return True
  count = valid.keep_tenfold
  if not count or update < 1:
    return False
  k = count * math.log10(update)
  return any(round(10 ** (near / count)) == update for near in (math.floor(k), math.ceil(k)))
