"""The command line of launch.py: flags -> a checked config and a folder to run it in."""

import copy
import dataclasses
import inspect
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from absl import flags
from ml_collections import ConfigDict, FrozenConfigDict
from ml_collections.config_dict import RequiredValueError
from ml_collections.config_flags import config_flags

from nmt import config as config_lib
from nmt import older
from nmt.errors import UserError, nearest
from nmt.launching import executors
from nmt.launching import resources as resources_lib
from nmt.launching.fields import field, follow_kinds, leaves, make_room
from nmt.launching.python_files import ROOT, blaming, execute

_CONFIG = re.compile(r"--?(?:no)?config\.([^=]+)")
_BARE = re.compile(r"--?config\.[^=]+")  # without its value
# The words that launch.py may begin with, in place of flags.
COMMANDS = ("show", "status", "results", "cancel", "work")
_SWEEP = ("parallel", "only", "dry-run")
_FLAGS = (
  *("config", "workdir", "sweep", "profile", "help", "help-config", "executor", "resources"),
  *_SWEEP,
)
_FLAG = re.compile(r"-(?!\.?\d|inf\b)")  # not a negative number


@dataclasses.dataclass(frozen=True)
class Order:
  """What to run: one config, or that config at each point of a sweep, in `workdir`.

  config: ready to run; for a sweep with its references, which follow what a point changes.
  profile: trace some updates; it is no part of the experiment, so no config key.
  parallel, only, dry_run: how many points at once (None: one here, all at once on a cluster), which
  ones (None: all), and whether not at all.
  executor, resources: where to run, and what of that; resources are None for `local`.
  """

  config: ConfigDict
  workdir: Path
  sweep: Path | None
  profile: bool
  parallel: int | None = None
  only: str | None = None
  dry_run: bool = False
  executor: str = executors.LOCAL
  resources: resources_lib.Resources | None = None


def parse(arguments: Sequence[str]) -> Order | Literal["help", "help-config"]:
  """Reads the flags; raises UserError, in one line, for all that is wrong with them.

  Without --config it is the quickstart, with the study of that name as its sweep. Where help
  was asked for, the name of that flag.
  """
  values = flags.FlagValues()
  text: Any = flags.DEFINE_string  # for mypy: absl types the default of None away
  text("config", None, "a config file, with a variant: configs/x.py[:variant]", values)
  text("workdir", None, "the folder of the run; default: runs/<config>[-variant]", values)
  text("sweep", None, "a study, experiments/x.py or x: the config at each of its points", values)
  whole: Any = flags.DEFINE_integer
  whole("parallel", None, "points that run at once", flag_values=values, lower_bound=1)
  text("only", None, "of a sweep: failed, or a pattern of the names of points", values)
  flags.DEFINE_boolean("dry-run", False, "say what a sweep would run", values)
  text("executor", executors.LOCAL, "where to run", values)
  text("resources", None, "what of a cluster a run needs: gpus=8,time=24h", values)
  flags.DEFINE_boolean("profile", False, "trace some updates into W/profile", values)
  flags.DEFINE_boolean("help", False, "this text", values, short_name="h")
  flags.DEFINE_boolean("help-config", False, "every config key", values)
  try:
    rest = values(["launch.py", *joined(arguments)], known_only=True)[1:]
  except flags.Error as e:
    raise UserError(str(e)) from None
  for asked in ("help", "help-config"):
    if values[asked].value:
      return asked
  file, _, variant = (values.config or "configs/quickstart.py").partition(":")
  config = load(file, variant)
  override(config, rest)
  ready = settle(config)
  default = "-".join(filter(None, [Path(file).stem, variant.replace("/", "_")]))
  sweep = values.sweep
  if values.config is None and sweep is None:
    sweep = "experiments/quickstart.py"
  workdir = expand(values.workdir or f"runs/{default}")
  wish = _resources(values.executor, values.resources)
  where = values.executor, wish
  dry = bool(values["dry-run"].value)
  if not sweep:
    for name in _SWEEP:
      if values[name].present and not (name == "dry-run" and wish):
        raise UserError(f"--{name} is for the points of a study: give it by --sweep")
    return Order(ready, workdir, None, values.profile, None, None, dry, *where)
  path = find(sweep, "experiments")
  return Order(config, workdir, path, values.profile, values.parallel, values.only, dry, *where)


def _resources(executor: str, text: str | None) -> resources_lib.Resources | None:
  """What the text of --resources means to an executor, None for `local`."""
  if executor != executors.LOCAL:
    return resources_lib.parse(text or "", executors.find(executor).OWN)
  if text is not None:
    known = ", ".join(name for name in executors.names() if name != executors.LOCAL)
    raise UserError(f"--resources is for a cluster: give --executor as well ({known})")
  return None


def load(path: str, variant: str = "") -> ConfigDict:
  """The config that `get_config([variant])` of the Python file `path` returns."""
  file = find(path, "configs")
  module = execute(file)
  make = getattr(module, "get_config", None)
  if not callable(make):
    study = "; a study is given by --sweep" if hasattr(module, "sweep") else ""
    raise UserError(f"{path}: a config file needs a function get_config(){study}")
  with blaming(file):
    known = [str(name) for name in getattr(module, "VARIANTS", ())]
    parameters = list(inspect.signature(make).parameters.values())
  if variant and not parameters:
    raise UserError(f"{path} has no variants, so no :{variant}")
  if variant and known and variant not in known:
    near = nearest(variant, known)
    raise UserError(f"{path} has no variant {variant}; it has: {', '.join(known)}{near}")
  needed = [p.name for p in parameters if p.default is p.empty and p.kind < p.VAR_POSITIONAL]
  if len(needed) > (1 if variant else 0):
    has = f"; it has: {', '.join(known)}" if known else ""
    raise UserError(
      f"{path}: get_config({', '.join(needed)}) can be given a variant alone, by "
      f"--config={path}:variant{has}"
    )
  with blaming(file):
    try:
      config = make(variant) if variant else make()
    except TypeError as e:
      if moved := older.hint_of(e):
        raise UserError(f"{path}: {moved}") from e
      raise
  if not isinstance(config, ConfigDict):
    raise UserError(f"{path}: get_config() must return a ConfigDict, not {shown(config)}")
  return ConfigDict(config) if isinstance(config, FrozenConfigDict) else config


def override(config: ConfigDict, arguments: Sequence[str]) -> None:
  """Changes `config` in place by flags `--config.key=value`."""
  arguments = [older.flag(argument) for argument in arguments]
  changes: dict[str, Any] = {}
  for argument in arguments:
    if found := _CONFIG.match(argument):
      changes[found[1]] = argument.partition("=")[2]
    elif argument.startswith("-"):
      raise UserError(f"unknown flag {argument}{nearest(argument.lstrip('-'), _FLAGS)}")
  make_room(config, changes)
  for key in changes:
    _fill(*field(config, key))
  _ask(config)  # absl would, without a name
  values = flags.FlagValues()
  argv = ["launch.py", *arguments]
  try:
    config_flags.DEFINE_config_dict("config", config, flag_values=values, sys_argv=argv)
    left = values(argv)[1:]
  except (flags.Error, TypeError, ValueError) as e:
    raise UserError(str(e)) from None
  if left:
    raise UserError(
      f"what is {left[0]}? Flags are written --config.key=value; commands are: "
      f"{', '.join(COMMANDS)}{nearest(left[0], COMMANDS)}"
    )


def override_by(config: ConfigDict, changes: dict[str, Any]) -> ConfigDict:
  """`config` with `changes` by dotted key, ready to run; UserError as for flags."""
  config = copy.deepcopy(config)
  make_room(config, changes)
  for key, value in changes.items():
    try:
      config.update_from_flattened_dict({key: value})
    except (TypeError, ValueError):
      group, name = field(config, key)
      wish = group.get_ref(name).get_type().__name__
      raise UserError(f"{key}={value!r} is not of type {wish}") from None
  return settle(config)


def settle(config: ConfigDict) -> ConfigDict:
  """A copy that can run anywhere: references are values, folders are absolute, all is checked.

  It has the options of its kinds, and no others. Raises UserError, naming the key, for a value that
  is wrong or that nobody has given.
  """
  _ask(config)
  config = copy.deepcopy(config)
  follow_kinds(config)
  config = config.copy_and_resolve_references()
  config_lib.validate(config)
  start = config.train.start
  places = [(config.data, "dir"), (config.data, "cache"), *((start, key) for key in start)]
  for group, key in places:
    if group[key]:
      group[key] = os.path.abspath(expand(group[key]))
  return config


def expand(path: str | Path) -> Path:
  """`path` with ~ and ~user replaced, which a shell leaves as they are after a `=`."""
  try:
    return Path(path).expanduser()
  except RuntimeError:
    raise UserError(f"{path}: there is no such home folder") from None


def find(path: str, folder: str) -> Path:
  """`path` from here or from the checkout, or the bare name of a file of `folder`.

  UserError lists what `folder` has if it is nowhere.
  """
  bare = [ROOT / folder / f"{path}.py"] if re.fullmatch(r"\w+", path) else []
  for place in (*bare, expand(path), ROOT / path):
    if place.is_file():
      return place
  names = listed(folder)
  near = nearest(path, [Path(name).stem for name in names] if bare else names)
  raise UserError(f"{path}: no such file; there are: {', '.join(names)}{near}")


def listed(folder: str) -> list[str]:
  """The files that can be given by --config (`configs`) or by --sweep (`experiments`)."""
  function = {"configs": "def get_config(", "experiments": "def sweep"}[folder]
  files = sorted(f for f in (ROOT / folder).glob("[!_]*.py") if f.stem != "base")
  return [f"{folder}/{f.name}" for f in files if f"\n{function}" in f.read_text(encoding="utf-8")]


def joined(arguments: Iterable[str]) -> list[str]:
  """`--config.key value` as `--config.key=value`: absl takes no boolean so."""
  found: list[str] = []
  for argument in arguments:
    if found and _BARE.fullmatch(found[-1]) and not _FLAG.match(argument):
      found[-1] += f"={argument}"
    else:
      found.append(argument)
  return found


def _ask(config: ConfigDict) -> None:
  """Raises UserError, naming the key, for a reference that has no value."""
  for key in leaves(config):
    group, name = field(config, key)
    try:
      group[name]
    except RequiredValueError:
      raise UserError(f"config key {key} has no value: give it by --config.{key}=...") from None
    except Exception as e:
      raise UserError(f"config key {key}: {type(e).__name__}: {e}") from e


def _fill(group: ConfigDict, name: str) -> None:
  """Gives a required placeholder any value of its type, for config_flags to replace."""
  try:
    group[name]
  except RequiredValueError:
    group[name] = group.get_ref(name).get_type()()
  except Exception:  # a lazy reference's own: `_ask` has a word for it
    return


def shown(value: Any) -> str:
  """What a function of the user's gave instead, for a line about it."""
  return "None" if value is None else f"a {type(value).__name__}"
