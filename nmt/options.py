"""What a config key is: its default, what it may be, and what it means.

configs/base.py and the files of kinds (nmt/kinds.py) declare every key by these functions, whose
last argument is the help: one phrase that says what is set, with its unit.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from nmt.errors import UserError, nearest


@dataclass(frozen=True)
class Option:
  """A key: its default, its types, which of their values it may have (and in words), its help.

  names: all the values that it may have, where they are listed, but for an empty text.
  is_kind: the value is the name of a file, whose options the same group then has.
  trait: what a kind that is named so must be or do (nmt/refusals.py).
  """

  default: Any
  types: tuple[type, ...]
  inside: Callable[[Any], bool]
  wish: str
  help: str
  names: tuple[str, ...] = ()
  is_kind: bool = False
  trait: str = ""

  def check(self, key: str, value: Any) -> None:
    """Raises UserError, naming the key, unless it may have this value."""
    if type(value) in self.types and self.inside(value):
      return
    if self.names:
      raise not_one_of(key, value, self.names)
    raise UserError(f"{key}={value!r} must be {self.wish}")


class Group(dict[str, Any]):
  """Options and groups by name, and what they are about."""

  help = ""


def group(help: str, /, **members: "Option | Group") -> Group:
  """A group of the config."""
  made = Group(members)
  made.help = help
  return made


def integer(default: int, inside: Callable[[int], bool], wish: str, help: str) -> Option:
  """A whole number for which `inside` holds, which `wish` says in words."""
  return Option(default, (int,), inside, wish, help)


def real(default: float, inside: Callable[[float], bool], wish: str, help: str) -> Option:
  """A number for which `inside` holds, which `wish` says in words."""
  return Option(float(default), (int, float), inside, wish, help)


def count(default: int, help: str) -> Option:
  """A whole number, 1 or more."""
  return integer(default, lambda x: x >= 1, "a whole number, 1 or more", help)


def whole(default: int, help: str) -> Option:
  """A whole number, 0 or more."""
  return integer(default, lambda x: x >= 0, "a whole number, 0 or more", help)


def share(default: float, help: str) -> Option:
  """A number in [0, 1)."""
  return real(default, lambda x: 0 <= x < 1, "at least 0 and below 1", help)


def positive(default: float, help: str) -> Option:
  """A finite number above 0."""
  return real(default, lambda x: 0 < x < float("inf"), "above 0", help)


def amount(default: float, help: str) -> Option:
  """A finite number, 0 or more."""
  return real(default, lambda x: 0 <= x < float("inf"), "0 or more", help)


def switch(default: bool, help: str) -> Option:
  """True or False."""
  return Option(default, (bool,), lambda x: True, "True or False", help)


def text(default: str, help: str) -> Option:
  """Any text, an empty one too."""
  return Option(default, (str,), lambda x: True, "a text", help)


def name(default: str, help: str) -> Option:
  """A text that is not empty."""
  return Option(default, (str,), bool, "a name", help)


def name_tuple(default: tuple[str, ...], help: str) -> Option:
  """Any number of names."""
  return Option(
    default, (tuple,), lambda x: all(type(y) is str and y for y in x), "a tuple of names", help
  )


def count_tuple(default: tuple[int, ...], help: str) -> Option:
  """Any number of whole numbers, each 1 or more."""
  return Option(
    default,
    (tuple,),
    lambda x: all(type(y) is int and y >= 1 for y in x),
    "a tuple of whole numbers, each 1 or more",
    help,
  )


def choice(default: str, names: Iterable[str], help: str) -> Option:
  """One of `names`; where the default is empty, it may be left empty."""
  listed = tuple(names)
  known = {default, *listed} if default == "" else {*listed}
  return Option(default, (str,), lambda x: x in known, ", ".join(listed), help, listed)


def kind(default: str, help: str, trait: str = "") -> Option:
  """The name of a file in the folder of its group (nmt/kinds.py), of a kind that has the trait.

  In the options of a kind it names another kind of the same folder, whose options join the group:
  with `energy=kind("additive", ..)`, an attention has the options of its energy beside its own. An
  `energy` of that energy is called `inner_energy` there.
  """
  return Option(default, (str,), bool, "the name of a kind", help, is_kind=True, trait=trait)


def not_one_of(key: str, value: Any, names: Iterable[str]) -> UserError:
  """The error for a key whose value is none of `names`."""
  known = list(names)
  return UserError(f"{key}={value} is not one of: {', '.join(known)}{nearest(str(value), known)}")
