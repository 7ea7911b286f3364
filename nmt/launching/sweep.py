"""A study: the points that its file yields, each in a folder of its own, then its report."""

import dataclasses
import inspect
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from nmt.errors import UserError
from nmt.launching import flags
from nmt.workdir import Workdir

_LONGEST = 255  # bytes of a name, on all common file systems
# What a run keeps in its folder, which may be the study's as well.
_RUN = {path.name for path in vars(Workdir("run")).values() if path.parent.name == "run"}


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
  sweep: Any = getattr(module, "sweep", None)
  report: Any = getattr(module, "report", None)
  if not _takes(sweep):
    known = ", ".join(flags.listed("experiments"))
    raise UserError(f"{path}: a study needs a function sweep(); studies are: {known}")
  if report is not None and not _takes(report, {}):  # it is called when all have run
    raise UserError(f"{path}: report is no function of the points' folders: report(workdirs)")
  with flags.blaming(path):
    found = sweep()
    given = isinstance(found, Iterable) and not isinstance(found, Mapping)
    rows = list(found) if given else []
  if not given:
    raise UserError(
      f"{path}: sweep() must yield or return points, each a dict of config keys, not "
      f"{flags.shown(found)}"
    )
  points: dict[str, ConfigDict] = {}
  taken: dict[str, str] = {}
  for number, point in enumerate(rows, 1):
    if not isinstance(point, Mapping) or not all(isinstance(key, str) for key in point):
      raise UserError(
        f"{path}: point {number} of sweep() must be a flat dict of config keys, not {point!r}"
      )
    changes = dict(point)
    name = _name(path, changes)
    same = name.casefold()  # to some disks, names are equal then
    if same in taken:
      other = "" if taken[same] == name else f" and {taken[same]}, the same to some disks"
      raise UserError(f"{path}: two points are called {name}{other}; give each a `name` of its own")
    taken[same] = name
    points[name] = flags.override_by(config, changes)
  if not points:
    raise UserError(f"{path}: sweep() yields no point")
  return Study(points, report)


def _takes(function: Any, *arguments: Any) -> bool:
  """Whether it can be called with such arguments."""
  try:
    inspect.signature(function).bind(*arguments)
  except (TypeError, ValueError):
    return False
  return True


def _name(path: Path, changes: dict[str, Any]) -> str:
  """The point's `name`, taken out of `changes`; by default its keys and values.

  Raises UserError for one that can't be a folder in that of the study.
  """
  given = changes.pop("name", None)
  if given is None or given == "":
    given = ",".join(f"{key}={value}" for key, value in changes.items())
  name = re.sub(r"[^\w.,=+-]", "_", unicodedata.normalize("NFC", str(given))) or "base"
  if name.startswith("."):
    raise UserError(f"{path}: a point can't be called {name}: names of folders start with no dot")
  if len(name.encode()) > _LONGEST:
    raise UserError(
      f"{path}: the point {name[:40]}... needs a shorter `name`: its folder's would have "
      f"{len(name.encode())} bytes, more than {_LONGEST}"
    )
  if name.casefold() in _RUN:
    raise UserError(f"{path}: a point can't be called {name}: a run's own folder has that name")
  return name
