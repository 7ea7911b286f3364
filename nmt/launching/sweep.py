"""A study: the points that its file yields, each in a folder of its own, and what the file says.

A study file is Python. Its docstring begins with the question. `sweep()` gives the points, flat
dicts of config keys; functions called `sweep_size`, `sweep_seed`, ... multiply with it and with
each other. It may have `report(workdirs)`, `columns(run)`, METRIC, SPLIT and BASELINE:
docs/studies.md says what each is for.
"""

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from ml_collections import ConfigDict

from nmt import config as config_lib
from nmt import files
from nmt.errors import UserError
from nmt.launching import flags, names, points
from nmt.launching.identity import fingerprint
from nmt.launching.python_files import blaming, execute
from nmt.workdir import Workdir

# What a run keeps in its folder, which may be the study's as well.
_RUN = {path.name for path in vars(Workdir("run")).values() if path.parent.name == "run"}


@dataclasses.dataclass(frozen=True)
class Study:
  """What a study file says; all its configs are checked.

  path: as it was given. question: the first paragraph of the docstring.
  points: a config by the name of its folder. overrides: what each sets, by key, its seed included.
  metric, split: what is compared. baseline: what the row has that others are compared with, if any.
  report: what to do when all have run.
  """

  path: str
  question: str
  points: dict[str, ConfigDict]
  overrides: dict[str, dict[str, Any]]
  metric: str = "bleu"
  split: str = "test"
  baseline: dict[str, Any] | None = None
  report: Callable[[dict[str, Path]], Any] | None = None

  @property
  def name(self) -> str:
    """What the study is called: its file's name, without .py."""
    return Path(self.path).stem


class WrongPoints(UserError):
  """Points of a study that can't be run; `lines` has one for each."""

  def __init__(self, path: Path, count: int, lines: list[str]):
    self.lines = [f"{path}: {line}" for line in lines]
    super().__init__("; ".join(self.lines))
    self.summary = f"{len(lines)} of {count} points of {path} are wrong; nothing was started"


def read(path: Path, config: ConfigDict, home: Path | None = None) -> Study:
  """Runs the functions of the Python file `path` on top of `config`.

  A point's `name`, if there, names its folder, otherwise its keys and values. In the folder `home`,
  a point that a study of this name has recorded there keeps its name. Raises UserError for a fault
  of the file, WrongPoints for all points that can't be run.
  """
  module = execute(path)
  rows = list(_rows(path, module))
  recorded = _recorded(path, home)
  known = {_frozen(value): name for name, value in recorded.get("points", {}).items()}
  known |= {value: name for name, value in recorded.get("fingerprints", {}).items()}
  found: list[tuple[dict[str, Any], dict[str, Any], ConfigDict]] = []
  wrong: list[str] = []
  for number, row in enumerate(rows, 1):
    changes = {key: value for key, value in row.items() if key != "name"}
    try:
      ready = flags.override_by(config, changes)
    except UserError as e:
      wrong.append(f"point {number} ({names.label(changes) or 'base'}): {e}")
      continue
    flat = config_lib.flatten(ready)
    overrides = {key: flat.get(key, value) for key, value in changes.items()}
    found.append((row, overrides | {"seed": flat["seed"]}, ready))
  if not rows:
    raise UserError(f"{path}: sweep() yields no point")
  if wrong:
    raise WrongPoints(path, len(rows), wrong)
  kept = [known.get(_frozen(o), known.get(fingerprint(c))) for _, o, c in found]
  called = _names(path, [row for row, _, _ in found], kept)
  configs = {name: ready for name, (_, _, ready) in zip(called, found, strict=True)}
  overridden = {name: overrides for name, (_, overrides, _) in zip(called, found, strict=True)}
  return Study(str(path), _question(module), configs, overridden, **_wishes(path, module, configs))


def record(study: Study, home: Path) -> None:
  """Writes what the study is into the folder `home`, where results and status look for it."""
  Workdir(home).make()
  value = {
    "study": study.path,
    "name": study.name,
    "question": study.question,
    "metric": study.metric,
    "split": study.split,
    "baseline": study.baseline,
    "points": study.overrides,
    "fingerprints": {name: fingerprint(config) for name, config in study.points.items()},
  }
  path = Workdir(home).study
  if not path.exists() or files.read_json(path) != _plain(value):
    files.write_json(path, value)


def _recorded(path: Path, home: Path | None) -> dict[str, Any]:
  """What `record` wrote; UserError where that is another study."""
  if home is None or not Workdir(home).study.exists():
    return {}
  recorded: dict[str, Any] = files.read_json(Workdir(home).study)
  if recorded.get("name") != path.stem:
    raise UserError(
      f"workdir {home} holds the study {recorded.get('name')}; choose another --workdir"
    )
  return recorded


def _rows(path: Path, module: ModuleType) -> Iterator[dict[str, Any]]:
  """The points of all functions of the file, multiplied."""
  functions = {
    name: value
    for name, value in vars(module).items()
    if name == "sweep" or (name.startswith("sweep_") and callable(value))
  }
  if not functions or not all(_takes(function) for function in functions.values()):
    known = ", ".join(flags.listed("experiments"))
    raise UserError(f"{path}: a study needs a function sweep(); studies are: {known}")
  axes = []
  for name, function in functions.items():
    with blaming(path):
      found = function()
      given = isinstance(found, Iterable) and not isinstance(found, Mapping)
      rows = list(found) if given else []
    if not given:
      raise UserError(
        f"{path}: {name}() must yield or return points, each a dict of config keys, not "
        f"{flags.shown(found)}"
      )
    for number, point in enumerate(rows, 1):
      if not isinstance(point, Mapping) or not all(isinstance(key, str) for key in point):
        raise UserError(
          f"{path}: point {number} of {name}() must be a flat dict of config keys, not {point!r}"
        )
    axes.append(rows)
  try:
    rows = list(points.product(*axes) if len(axes) > 1 else map(dict, axes[0]))
  except ValueError as e:
    raise UserError(f"{path}: {' x '.join(f'{name}()' for name in functions)}: {e}") from None
  # All of a seed before the next: a table of all rows soon, and each finds the programs compiled.
  seeds = list(dict.fromkeys(str(row.get("seed")) for row in rows))
  yield from sorted(rows, key=lambda row: seeds.index(str(row.get("seed"))))


def _names(path: Path, rows: list[dict[str, Any]], kept: list[str | None]) -> list[str]:
  """A folder's name for each point: its own, the one it had, or its keys and values, in that order.

  Raises UserError for one that can't be a folder in that of the study, or that two points have.
  """
  taken: dict[str, str] = {}  # to some disks, names that differ in case are equal
  called: list[str] = [""] * len(rows)
  given = [None if row.get("name") in (None, "") else str(row["name"]) for row in rows]
  first = [number for number, name in enumerate(given) if name is not None]
  first += [number for number, name in enumerate(given) if name is None and kept[number]]
  for number in (*first, *(n for n in range(len(rows)) if n not in {*first})):
    wish = given[number]
    changes = {key: value for key, value in rows[number].items() if key != "name"}
    old = kept[number]
    tries = [names.folder(name) for name in ([wish] if wish else names.labels(changes))]
    if wish is None and old is not None and old.casefold() not in taken:
      tries = [old]
    free = [name for name in tries if name.casefold() not in taken]
    if not free:
      name = tries[-1]
      same = taken[name.casefold()]
      other = "" if same == name else f" and {same}, the same to some disks"
      raise UserError(f"{path}: two points are called {name}{other}; give each a `name` of its own")
    _check(path, free[0])
    called[number] = taken[free[0].casefold()] = free[0]
  return called


def _check(path: Path, name: str) -> None:
  if name.startswith("."):
    raise UserError(f"{path}: a point can't be called {name}: names of folders start with no dot")
  if len(name.encode()) > names.LONGEST:
    raise UserError(
      f"{path}: the point {name[:40]}... needs a shorter `name`: its folder's would have "
      f"{len(name.encode())} bytes, more than {names.LONGEST}"
    )
  if name.casefold() in _RUN:
    raise UserError(f"{path}: a point can't be called {name}: a run's own folder has that name")


def _wishes(path: Path, module: ModuleType, configs: Mapping[str, ConfigDict]) -> dict[str, Any]:
  """What else the file says: METRIC, SPLIT, BASELINE, report; checked."""
  report, columns = getattr(module, "report", None), getattr(module, "columns", None)
  if report is not None and not _takes(report, {}):  # it is called when all have run
    raise UserError(f"{path}: report is no function of the points' folders: report(workdirs)")
  if columns is not None and not _takes(columns, Path()):
    raise UserError(f"{path}: columns is no function of a run's folder: columns(run)")
  metric = getattr(module, "METRIC", "bleu")
  if not isinstance(metric, str) or not metric:
    raise UserError(f"{path}: METRIC must be a score's name, such as 'bleu', not {metric!r}")
  tested = [config.data.test for config in configs.values()]
  split = getattr(module, "SPLIT", None)
  if split is None:
    split = "test" if all("test" in splits for splits in tested) else (*tested[0], "test")[0]
  elif any(split not in splits for splits in tested):
    known = " ".join(sorted({*tested[0]}.intersection(*tested)))
    raise UserError(f"{path}: SPLIT={split!r} is not tested by every point; they have: {known}")
  return {
    "metric": metric,
    "split": split,
    "baseline": _baseline(path, getattr(module, "BASELINE", None), configs),
    "report": report,
  }


def _baseline(path: Path, given: Any, configs: Mapping[str, ConfigDict]) -> dict[str, Any] | None:
  if given is None:
    return None
  if not isinstance(given, Mapping):
    raise UserError(f"{path}: BASELINE must be a flat dict of config keys, not {given!r}")
  if not any(
    all(key in flat and flat[key] == value for key, value in given.items())
    for flat in map(config_lib.flatten, configs.values())
  ):
    raise UserError(f"{path}: no point has all of BASELINE: {names.label(given)}")
  return dict(given)


def _question(module: ModuleType) -> str:
  """The first paragraph of its docstring, as one line."""
  text = inspect.cleandoc(module.__doc__ or "")
  return " ".join(text.split("\n\n")[0].split())


def _takes(function: Any, *arguments: Any) -> bool:
  """Whether it can be called with such arguments."""
  try:
    inspect.signature(function).bind(*arguments)
  except (TypeError, ValueError):
    return False
  return True


def _plain(value: Any) -> Any:
  """`value` as JSON gives it back: a tuple is a list."""
  if isinstance(value, Mapping):
    return {key: _plain(one) for key, one in value.items()}
  return [*map(_plain, value)] if isinstance(value, list | tuple) else value


def _frozen(overrides: Mapping[str, Any]) -> str:
  """Equal for equal overrides, read from JSON or not, in whatever order."""
  return repr(sorted(_plain(overrides).items()))
