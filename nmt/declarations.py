"""Every config key: what configs/base.py declares, and what the files of the chosen kinds add."""

import functools
import runpy
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from nmt import kinds, older
from nmt.errors import UserError, nearest
from nmt.options import Group, Option, not_one_of

INNER = "inner_"  # before the name of an option that names a kind within a kind
_BASE = Path(__file__).parents[1] / "configs" / "base.py"


@functools.cache
def base() -> Group:
  """The groups and options that configs/base.py declares."""
  keys: Group = runpy.run_path(str(_BASE))["KEYS"]
  return keys


def declared(values: Mapping[str, Any]) -> dict[str, Option]:
  """The options by dotted key of a config with these values, of which those of kinds matter.

  A kind that is not among the values has its default. Raises UserError for an unknown kind, and for
  two kinds of one group that both have an option of one name.
  """
  return _all(base(), values)


def defaults(tree: Group) -> ConfigDict:
  """The default of every key of a tree of groups, and of the options of its default kinds."""
  flat = {key: option.default for key, option in _all(tree, {}).items()}
  return ConfigDict(put({}, flat), convert_dict=True)


def put(tree: dict[str, Any], flat: Mapping[str, Any]) -> dict[str, Any]:
  """The tree with values put into it by dotted key."""
  for key, value in flat.items():
    *groups, last = key.split(".")
    functools.reduce(lambda group, name: group.setdefault(name, {}), groups, tree)[last] = value
  return tree


def unused(names: Iterable[str], values: Mapping[str, Any]) -> list[str]:
  """Those of some keys that are options of kinds that the values don't choose."""
  known = declared(values)
  return [key for key in names if key not in known and _owners(key)]


def unknown(key: str, values: Mapping[str, Any]) -> UserError:
  """The error for a key that a config with these values doesn't have."""
  known = declared(values)
  if moved := older.hint(key):
    return UserError(moved)
  if _owners(key):
    group, name = key.rsplit(".", 1)
    chosen = [k for k, option in known.items() if option.is_kind and k.startswith(f"{group}.")]
    kind = ", ".join(f"{k}={values.get(k, known[k].default)}" for k in chosen)
    added = [k.removeprefix(f"{group}.") for k in known if k.startswith(f"{group}.")]
    has = f"it has: {', '.join(added[1:])}" if added[1:] else "it has none"
    return UserError(f"{kind} has no option {name} ({has})")
  return UserError(f"unknown config key {key}{nearest(key, known)}")


def _owners(key: str) -> list[str]:
  """The kinds that have an option of this key."""
  group, _, name = key.rpartition(".")
  while name.startswith(INNER):
    name = name.removeprefix(INNER)
  if group not in kinds.PACKAGES:
    return []
  return [kind for kind in kinds.names(group) if name in kinds.options(group, kind)]


def _all(tree: Group, values: Mapping[str, Any], prefix: str = "") -> dict[str, Option]:
  found: dict[str, Option] = {}
  for name, member in tree.items():
    if isinstance(member, Group):
      found |= _all(member, values, f"{prefix}{name}.")
    else:
      found[prefix + name] = member
  group = prefix.removesuffix(".")
  if group in kinds.PACKAGES:
    first = _join(group, dict(found), {})
    found = _join(group, found, values)
    for key in found.keys() & first.keys():  # a config file sets one, whatever kind is chosen later
      if found[key].default != first[key].default:
        raise UserError(
          f"{key} has two defaults in the kinds of {group}, {first[key].default} and "
          f"{found[key].default}: give it one, or two names"
        )
  return found


def _join(group: str, found: dict[str, Option], values: Mapping[str, Any]) -> dict[str, Option]:
  """The options of a group with those of its kinds, and of the kinds that these name.

  Where a kind that is named by `energy` has an `energy` itself, that is called `inner_energy`.
  """
  waiting = [key for key, option in found.items() if option.is_kind]
  for key in waiting:
    kind = values.get(key, found[key].default)
    if kind not in kinds.names(group):
      raise not_one_of(key, kind, kinds.names(group))
    for name, option in kinds.options(group, kind).items():
      while option.is_kind and f"{group}.{name}" in found:
        name = INNER + name
      added = f"{group}.{name}"
      if added in found:
        raise UserError(f"{key}={kind} can't be used here: there is a {added} already")
      found[added] = option
      waiting += [added] if option.is_kind else []
  return found
