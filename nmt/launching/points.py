"""What `sweep()` of a study is written with: generators of points, flat dicts of config keys.

  from nmt.launching.points import product, seeds, zipped

  def sweep():
    sizes = zipped({"model.size": (256, 512), "model.embedding": (128, 256)})
    return product(sizes, {"model.attention.kind": ("additive", "none")}, seeds(3))

yields 2 x 2 x 3 points.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nmt.launching.names import label

Point = Mapping[str, Any]
Axis = Mapping[str, Iterable[Any]] | Iterable[Point]


def product(*axes: Axis) -> Iterator[dict[str, Any]]:
  """Every combination of the points of some axes, the last one varying fastest.

  An axis is an iterable of points, or a dict with the values of each key, `{"model.size": (256,
  512)}`. Where an axis gives a `name`, the others' keys and values follow it. Raises ValueError
  where two axes give a key different values.
  """
  for chosen in itertools.product(*[list(_points(axis)) for axis in axes]):
    yield _merged(chosen)


def zipped(values: Mapping[str, Iterable[Any]]) -> Iterator[dict[str, Any]]:
  """One point for the first value of every key, one for the second, and so on.

  Raises ValueError where a key has more values than another.
  """
  columns = _columns(values)
  if len({len(column) for column in columns.values()}) > 1:
    counts = ", ".join(f"{key} has {len(column)}" for key, column in columns.items())
    raise ValueError(f"zipped needs as many values of each key, but {counts}")
  for row in zip(*columns.values(), strict=True):
    yield dict(zip(columns, row, strict=True))


def seeds(which: int | Iterable[int]) -> Iterator[dict[str, Any]]:
  """A point for each seed: those given, or 1, 2, ... if it is a number of seeds."""
  for seed in range(1, which + 1) if isinstance(which, int) else which:
    yield {"seed": seed}


def _points(axis: Axis) -> Iterator[Point]:
  if isinstance(axis, Mapping):
    for values in itertools.product(*_columns(axis).values()):
      yield dict(zip(axis, values, strict=True))
  else:
    yield from axis


def _columns(values: Mapping[str, Iterable[Any]]) -> dict[str, list[Any]]:
  for key, found in values.items():
    if isinstance(found, str) or not isinstance(found, Iterable):
      raise ValueError(f"{key} needs several values, as in {{{key!r}: ({found!r},)}}")
  return {key: list(found) for key, found in values.items()}


def _merged(parts: Iterable[Point]) -> dict[str, Any]:
  merged: dict[str, Any] = {}
  names = []
  named = False
  for part in parts:
    rest = {key: value for key, value in part.items() if key != "name"}
    for key, value in rest.items():
      if key in merged and merged[key] != value:
        raise ValueError(f"{key} is to be {merged[key]!r} and {value!r} at once")
    merged |= rest
    own = part.get("name")
    named = named or bool(own)
    names.append(str(own or label(rest)))
  if named:
    merged["name"] = ",".join(filter(None, names))
  return merged
