"""The command line of launch.py: flags -> a checked config and a folder to run it in."""

import dataclasses
import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from absl import flags
from ml_collections import ConfigDict
from ml_collections.config_flags import config_flags

from nmt import config as config_lib
from nmt.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
_CONFIG = re.compile(r"--?(?:no)?config\.([^=]+)")


@dataclasses.dataclass(frozen=True)
class Order:
  """What to run: one config, or that config at each point of a sweep, in `workdir`.

  profile: trace some updates; it is no part of the experiment, so no config key.
  """

  config: ConfigDict
  workdir: Path
  sweep: Path | None
  profile: bool


def parse(arguments: Sequence[str]) -> Order | None:
  """Reads the flags; raises UserError, in one line, for all that is wrong with them.

  Without --config it is the quickstart, with the study of sentence lengths as its sweep. None: help
  was asked for.
  """
  values = flags.FlagValues()
  text: Any = flags.DEFINE_string  # for mypy: absl types the default of None away
  text("config", None, "a config file, with a variant: configs/x.py[:variant]", values)
  text("workdir", None, "the folder of the run; default: runs/<config>[-variant]", values)
  text("sweep", None, "a study, experiments/x.py: the config at each of its points", values)
  flags.DEFINE_boolean("profile", False, "trace some updates into W/profile", values)
  flags.DEFINE_boolean("help", False, "this text", values, short_name="h")
  try:
    rest = values(["launch.py", *arguments], known_only=True)[1:]
  except flags.Error as e:
    raise UserError(str(e)) from None
  if values.help:
    return None
  path, _, variant = (values.config or "configs/quickstart.py").partition(":")
  config = load(path, variant)
  override(config, rest)
  config_lib.validate(config)
  default = Path("runs") / "-".join(filter(None, [Path(path).stem, variant]))
  sweep = values.sweep
  if values.config is None and sweep is None:
    sweep = "experiments/lengths.py"
  place = Path(values.workdir or default)
  return Order(config, place, find(sweep) if sweep else None, values.profile)


def load(path: str, variant: str = "") -> ConfigDict:
  """The config that `get_config([variant])` of the Python file `path` returns."""
  module = execute(find(path))
  if not callable(getattr(module, "get_config", None)):
    raise UserError(f"{path}: a config file needs a function get_config()")
  known = list(getattr(module, "VARIANTS", ()))
  takes = len(inspect.signature(module.get_config).parameters)
  if variant and not takes:
    raise UserError(f"{path} has no variants, so no :{variant}")
  if variant and known and variant not in known:
    near = config_lib.nearest(variant, known)
    raise UserError(f"{path} has no variant {variant}; it has: {', '.join(known)}{near}")
  config = module.get_config(variant) if variant else module.get_config()
  if not isinstance(config, ConfigDict):
    raise UserError(f"{path}: get_config() must return a ConfigDict")
  return config


def override(config: ConfigDict, arguments: Sequence[str]) -> None:
  """Changes `config` in place by flags `--config.key=value`."""
  leaves = config_lib.flatten(config)
  for argument in arguments:
    found = _CONFIG.match(argument)
    if found:
      _known(found[1], leaves)
    elif argument.startswith("-"):
      near = config_lib.nearest(
        argument.lstrip("-"), ["config", "workdir", "sweep", "profile", "help"]
      )
      raise UserError(f"unknown flag {argument}{near}")
  values = flags.FlagValues()
  argv = ["launch.py", *arguments]
  try:
    config_flags.DEFINE_config_dict("config", config, flag_values=values, sys_argv=argv)
    left = values(argv)[1:]
  except (flags.Error, TypeError, ValueError) as e:
    raise UserError(str(e)) from None
  if left:
    raise UserError(f"what is {left[0]}? Flags are written --config.key=value")


def override_by(config: ConfigDict, changes: dict[str, Any]) -> ConfigDict:
  """A copy of `config` with `changes` by dotted key, checked; UserError as for flags."""
  config, leaves = config.copy_and_resolve_references(), config_lib.flatten(config)
  for key, value in changes.items():
    _known(key, leaves)
    try:
      config.update_from_flattened_dict({key: value})
    except (TypeError, ValueError):
      wish = type(leaves[key]).__name__
      raise UserError(f"{key}={value!r} is not of type {wish}") from None
  config_lib.validate(config)
  return config


def find(path: str) -> Path:
  """`path` from here or from the checkout; UserError lists the files beside it if there is none."""
  for place in (Path(path), ROOT / path):
    if place.is_file():
      return place
  folder = ROOT / ("experiments" if "experiments" in path else "configs")
  names = sorted(f"{folder.name}/{f.name}" for f in folder.glob("[!_]*.py") if f.stem != "base")
  near = config_lib.nearest(path, names)
  raise UserError(f"{path}: no such file; there are: {', '.join(names)}{near}")


def execute(path: Path) -> ModuleType:
  """Runs a Python file of the user's as a module; its faults are a UserError with the line."""
  spec = importlib.util.spec_from_file_location(f"_{path.stem}", path)
  if spec is None or spec.loader is None:
    raise UserError(f"{path}: not a Python file (*.py)")
  if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))  # for `from configs import base`
  module = importlib.util.module_from_spec(spec)
  try:
    spec.loader.exec_module(module)
  except Exception as e:
    lines = [at.lineno for at in traceback.extract_tb(e.__traceback__) if at.filename == str(path)]
    at = f", line {lines[-1]}" if lines else ""
    raise UserError(f"{path}{at}: {type(e).__name__}: {e}") from e
  return module


def _known(key: str, leaves: dict[str, Any]) -> None:
  """Raises UserError unless `key` is a leaf."""
  if key in leaves:
    return
  below = [leaf for leaf in leaves if leaf.startswith(key + ".")]
  if below:
    raise UserError(f"config key {key} is a group; set one of: {', '.join(below)}")
  raise UserError(f"unknown config key {key}{config_lib.nearest(key, leaves)}")
