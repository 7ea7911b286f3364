"""What a kind can't be had with, in words that are read without running its file (nmt/kinds.py).

The file of a kind may declare, beside its OPTIONS,

  TRAITS = (DRAWS,)
  REFUSES = (needs("train.objective", ESTIMATES, "nothing is differentiated through a draw"),)

A trait is a phrase that follows "a kind that". What is refused is said once, by one of the two
sides; nmt/fitting.py finds it in a config before anything runs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# Of attention mechanisms.
SCORES = "scores each word"
OTHER_WEIGHTS = "gives words other weights than the normaliser makes of all energies"
NOT_ALIGNING = "doesn't say by alpha where it looks"
DRAWS = "draws the words it looks at"
MIXES = "mixes the words that source words say"

# Of encoders, cells, normalisers, readouts and objectives.
NO_READER = "has no state that has read the whole sentence"
WORD_WIDE = "makes annotations as wide as word vectors"
NO_PRODUCT = "multiplies its state by no matrix"
SPENDS = "weighs a word by what the steps before have spent on it"
NO_CONTEXT = "sees no context"
ESTIMATES = "estimates the gradient of what is drawn"
INFERS = "trains an inference network"

TRAITS = (
  *(SCORES, OTHER_WEIGHTS, NOT_ALIGNING, DRAWS, MIXES),
  *(NO_READER, WORD_WIDE, NO_PRODUCT, SPENDS, NO_CONTEXT, ESTIMATES, INFERS),
)


@dataclass(frozen=True)
class Condition:
  """What values of other keys a refusal is about: in words, and whether a config has them."""

  words: str = ""
  holds: Callable[[Mapping[str, Any]], bool] = lambda flat: True


@dataclass(frozen=True)
class Refusal:
  """What can't be had with the kind that declares it, and why.

  group, trait: kinds of that group that have the trait, or with `needed` all that don't have it.
  Without a group, the values that `condition` describes; else both must be there.
  """

  group: str
  trait: str
  why: str
  condition: Condition = Condition()
  needed: bool = False


def refuses(group: str, trait: str, why: str, condition: Condition = Condition()) -> Refusal:
  """Not with kinds of a group that have a trait, while the condition holds."""
  return Refusal(group, trait, why, condition)


def needs(group: str, trait: str, why: str, condition: Condition = Condition()) -> Refusal:
  """Only with kinds of a group that have a trait, while the condition holds."""
  return Refusal(group, trait, why, condition, needed=True)


def refuses_values(condition: Condition, why: str) -> Refusal:
  """Not while the condition holds."""
  return Refusal("", "", why, condition)


def above_0(key: str) -> Condition:
  """A key has a value above 0."""
  return Condition(f"{key} is above 0", lambda flat: flat[key] > 0)


def true(key: str) -> Condition:
  """A key is True."""
  return Condition(f"{key} is True", lambda flat: flat[key] is True)


def one_of(key: str, *values: str) -> Condition:
  """A key has one of these values."""
  return Condition(f"{key} is {' or '.join(values)}", lambda flat: flat[key] in values)


def no_multiple(key: str, of: str) -> Condition:
  """The value of a key is no multiple of that of another."""
  return Condition(f"{key} is no multiple of {of}", lambda flat: flat[key] % flat[of] != 0)
