"""Which kinds of a config don't fit together, by what their files declare (nmt/refusals.py)."""

from collections.abc import Iterator, Mapping
from typing import Any

from nmt import kinds
from nmt.declarations import declared
from nmt.refusals import Refusal


def chosen(values: Mapping[str, Any]) -> dict[str, str]:
  """The kinds of a config with these values, by key, also those that a kind names (energies)."""
  return {
    key: values.get(key, option.default)
    for key, option in declared(values).items()
    if option.is_kind
  }


def has(values: Mapping[str, Any], group: str, trait: str) -> bool:
  """Whether a kind of the group, or one that it names, has the trait."""
  return bool(_with(chosen(values), group, trait))


def refused(values: Mapping[str, Any]) -> Iterator[str]:
  """A line for each refusal that a config meets: what can't be had together, why, what to do.

  values: of all keys that it has.
  """
  found = chosen(values)
  for key, option in declared(values).items():
    if option.trait and option.trait not in kinds.traits(_group(key), found[key]):
      allowed = ", ".join(kinds.names(_group(key), option.trait))
      yield f"{key}={found[key]} is no kind that {option.trait}: choose one of {allowed}"
  yield from clashes(found, values)


def clashes(found: Mapping[str, str], values: Mapping[str, Any]) -> Iterator[str]:
  """The lines of what some kinds, by key, refuse of each other.

  values: of the keys that conditions ask for.
  """
  for key, kind in found.items():
    for refusal in kinds.refusals(_group(key), kind):
      if refusal.condition.holds(values):
        yield from _lines(f"{key}={kind}", refusal, found)


def _lines(what: str, refusal: Refusal, found: Mapping[str, str]) -> Iterator[str]:
  """Of one refusal whose condition holds."""
  group, words = refusal.group, refusal.condition.words
  if not group:
    yield f"{what} can't be had while {words}: {refusal.why}; change one of them"
    return
  keys = _with(found, group, refusal.trait)
  if not refusal.needed:
    which = f"which {refusal.trait}" + (f", while {words}" if words else "")
    for key in keys:
      other = f"{key}={found[key]}, {which}"
      yield f"{what} can't be had with {other}: {refusal.why}; change one of them"
  elif not keys and (key := f"{group}.kind") in found:
    allowed = ", ".join(kinds.names(group, refusal.trait))
    other = f"{key}={found[key]}" + (f" while {words}" if words else "")
    yield f"{what} can't be had with {other}: {refusal.why}; choose {key}={allowed}"


def _with(found: Mapping[str, str], group: str, trait: str) -> list[str]:
  """The keys of a group whose kinds have a trait."""
  return [
    key
    for key, kind in found.items()
    if _group(key) == group and trait in kinds.traits(group, kind)
  ]


def _group(key: str) -> str:
  return key.rpartition(".")[0]
