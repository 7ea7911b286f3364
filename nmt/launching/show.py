"""Prints a resolved config, or what differs: python launch.py show --config=F:variant

  --config.key=value    changes one key, as for launch.py
  --diff=OTHER          prints only what differs from OTHER
  --json                prints one JSON object

F and OTHER are config files, with a variant, or the folders of runs.
"""

import json
from collections.abc import Sequence
from typing import Any

from ml_collections import ConfigDict

from nmt import config as config_lib
from nmt.arguments import Parser
from nmt.errors import UserError
from nmt.launching import claim, flags
from nmt.workdir import Workdir


def main(arguments: Sequence[str]) -> None:
  """Prints `key = value` lines, or with --diff `key: that of OTHER -> value`."""
  parser = Parser("show", __doc__)
  parser.prog = "python launch.py show"
  parser.add_argument("--config", required=True, help="a config file[:variant], or a run's folder")
  parser.add_argument("--diff", metavar="OTHER", help="the same: what it is compared with")
  parser.add_argument("--json", action="store_true", help="print JSON")
  given, changes = parser.parse_known_args(flags.joined(arguments))
  config = resolved(given.config, changes)
  flat = config_lib.flatten(config)
  if given.diff is None:
    if given.json:
      _print(flat)
    else:
      print("\n".join(f"{key} = {value!r}" for key, value in flat.items()))
    return
  other = resolved(given.diff)
  if given.json:
    before = config_lib.flatten(other)
    _print({key: [before.get(key), flat.get(key)] for key in claim.changed(before, flat)})
  else:
    print("".join(f"{line}\n" for line in claim.differences(other, config)), end="")


def resolved(source: str, changes: Sequence[str] = ()) -> ConfigDict:
  """The config of a file or a run's folder, changed by flags, checked and without references."""
  folder = flags.expand(source)
  if folder.is_dir():
    if not Workdir(folder).config.exists():
      raise UserError(f"{source}: there is no config.json in this folder")
    config = config_lib.load(Workdir(folder).config)
  else:
    path, _, variant = source.partition(":")
    config = flags.load(path, variant)
  flags.override(config, changes)
  return flags.settle(config)


def _print(value: dict[str, Any]) -> None:
  print(json.dumps(value, indent=2, ensure_ascii=False))
