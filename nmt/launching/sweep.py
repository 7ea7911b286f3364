"""A study: the points that its file yields, each in a folder of its own, then its report."""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from nmt.errors import UserError
from nmt.launching import flags


@dataclasses.dataclass(frozen=True)
class Study:
  """Checked configs by the name of their folder, and what to do when all have run."""

  points: dict[str, ConfigDict]
  report: Callable[[dict[str, Path]], Any] | None


def read(path: Path, config: ConfigDict) -> Study:
  """Runs `sweep()` of the Python file `path` on top of `config`; raises UserError at a bad point.

  A point is a flat dict of dotted config keys; the key `name`, if there, names its folder.
  `report(workdirs)`, if the file has it, gets the folder of every point by name.
  """
  module = flags.execute(path)
  if not callable(getattr(module, "sweep", None)):
    raise UserError(f"{path}: a study needs a function sweep()")
  points: dict[str, ConfigDict] = {}
  for point in module.sweep():
    changes = dict(point)
    name = _name(changes)
    if name in points:
      raise UserError(f"{path}: two points are called {name}")
    points[name] = flags.override_by(config, changes)
  if not points:
    raise UserError(f"{path}: sweep() yields no point")
  return Study(points, getattr(module, "report", None))


def _name(changes: dict[str, Any]) -> str:
  """The point's `name`, taken out of `changes`; by default its keys and values."""
  name = changes.pop("name", "") or ",".join(f"{key}={value}" for key, value in changes.items())
  return re.sub(r"[^\w.,=+-]", "_", str(name)) or "base"
