"""The names of points: what a folder is called is made of the point's own overrides alone.

So a point that is added to a study, or another key that is varied, changes the name of no other.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

LONGEST = 255  # bytes of a name, on all common file systems
_PLAIN = ("kind", "name")  # of a group: model.attention.kind is called attention


def label(overrides: Mapping[str, Any]) -> str:
  """A point in short: `attention=additive,size=512,seed=1` of dotted keys; empty without keys."""
  return next(labels(overrides))


def labels(overrides: Mapping[str, Any]) -> Iterator[str]:
  """`label`, and the same by longer keys, up to whole ones: for a point whose label is taken."""
  keys = sorted(overrides, key="seed".__eq__)  # the seed comes last, the rest as given
  longest = max((key.count(".") + 1 for key in keys), default=1)
  for parts in range(1, longest + 1):
    short = [_short(key, parts) for key in keys]
    called = [k if short.count(s) > 1 else s for k, s in zip(keys, short, strict=True)]
    yield ",".join(f"{c}={_text(overrides[k])}" for c, k in zip(called, keys, strict=True))
  yield ",".join(f"{k}={_text(overrides[k])}" for k in keys)


def folder(name: str) -> str:
  """`name` as a folder inside another: in one form of Unicode, what a path can't have is a _."""
  return re.sub(r"[^\w.,=+-]", "_", unicodedata.normalize("NFC", name)) or "base"


def _short(key: str, parts: int) -> str:
  steps = key.split(".")
  if len(steps) > 1 and steps[-1] in _PLAIN:
    steps = steps[:-1]
  return ".".join(steps[-parts:])


def _text(value: Any) -> str:
  if isinstance(value, tuple | list):
    return "+".join(map(_text, value))
  return str(value)
