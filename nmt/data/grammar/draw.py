"""Draws that depend on a key only, on any machine and any version of Python."""

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Draw:
  """A stream of draws, a function of its key."""

  __slots__ = ("uniform",)

  def __init__(self, key: str):
    seed = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big")
    self.uniform = random.Random(seed).random  # the one method whose stream Python keeps stable

  def chance(self, p: float) -> bool:
    return self.uniform() < p

  def below(self, n: int) -> int:
    return int(self.uniform() * n)

  def between(self, low: int, high: int) -> int:
    return low + int(self.uniform() * (high - low + 1))

  def pick(self, items: Sequence[T]) -> T:
    return items[int(self.uniform() * len(items))]
