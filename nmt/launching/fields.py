"""The keys of a config in the making: they follow its kinds, and references stay references."""

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

from ml_collections import ConfigDict

from nmt import older
from nmt.declarations import declared, unknown, unused
from nmt.errors import UserError
from nmt.kinds import PACKAGES


def leaves(config: ConfigDict) -> list[str]:
  """The dotted keys of all leaves; no reference is asked for its value."""
  names: list[str] = []
  for key, value in config.items(preserve_field_references=True):
    below = leaves(value) if isinstance(value, ConfigDict) else None
    names += [key] if below is None else [f"{key}.{rest}" for rest in below]
  return names


def field(config: ConfigDict, key: str) -> tuple[ConfigDict, str]:
  """The group that holds a leaf, and the leaf's name there; UserError if there is no such group."""
  *groups, name = key.split(".")
  group: Any = config
  for step in groups:
    group = group[step] if isinstance(group, ConfigDict) and step in group else None
  if not isinstance(group, ConfigDict):
    missing = ".".join(groups)
    raise UserError(f"the config has no group {missing}; configs start from configs/base.py")
  return group, name


def make_room(config: ConfigDict, changes: Mapping[str, Any]) -> None:
  """Prepares `config` for values of these keys: sets the kinds among them, adds their options.

  Raises UserError for a key that the config, with the kinds that it then has, does not have.
  """
  waiting = dict(changes)
  while ready := [
    key for key, option in declared(_kinds(config)).items() if option.is_kind and key in waiting
  ]:
    for key in ready:  # whose options may name another kind
      _add(config, [key])
      group, name = field(config, key)
      group[name] = str(waiting.pop(key))
  values = _kinds(config)
  known = declared(values)
  for key in changes:
    below = [leaf for leaf in known if leaf.startswith(f"{key}.")]
    if below and not older.hint(key):
      raise UserError(f"config key {key} is a group; set one of: {', '.join(below)}")
    if key not in known:
      raise unknown(key, values)
  _add(config, changes)


def follow_kinds(config: ConfigDict) -> None:
  """Takes the options of kinds that are not chosen out of `config`, and adds those that it lacks.

  Until here a config keeps what its file says of any kind, because a flag or a point of a sweep may
  still choose that kind.
  """
  values = _kinds(config)
  for key in unused(leaves(config), values):
    group, name = field(config, key)
    with group.unlocked():
      del group[name]
  _add(config, [key for key in declared(values) if _exchangeable(key)])


def _exchangeable(key: str) -> bool:
  """Whether it lies in a group that has kinds."""
  return key.rpartition(".")[0] in PACKAGES


def _add(config: ConfigDict, names: Iterable[str]) -> None:
  """Gives those of some keys that `config` lacks their default."""
  present, known = leaves(config), declared(_kinds(config))
  for key in names:
    if key not in present:
      group, name = field(config, key)
      with group.unlocked():
        group[name] = known[key].default


def _kinds(config: ConfigDict) -> dict[str, Any]:
  """The values of all options of groups that have kinds, where they have one."""
  found = {}
  for key in filter(_exchangeable, leaves(config)):
    group, name = field(config, key)
    with contextlib.suppress(Exception):  # a reference without a value: flags.settle names it
      found[key] = group[name]
  return found
