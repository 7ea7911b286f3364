"""Makes a folder the home of one config: a new run, one to be resumed, or one that is finished."""

import sys
from typing import Any, Literal

from ml_collections import ConfigDict

from nmt import config as config_lib
from nmt import provenance, workdir
from nmt.errors import UserError
from nmt.workdir import Workdir

State = Literal["new", "unfinished", "done"]


def look(home: Workdir, config: ConfigDict) -> State:
  """What `home` holds of `config`; raises UserError if that is a run of another config.

  A run that failed before its first checkpoint (a wrong data.dir, say) gives way to another config.
  """
  if not home.config.exists():
    return "new"
  changes = differences(config_lib.load(home.config), config)
  if changes and home.read_status().get("state") == "failed" and not _saved(home):
    return "new"
  if changes:
    shown = ", ".join(changes[:8]) + (f" and {len(changes) - 8} more" if len(changes) > 8 else "")
    raise UserError(
      f"workdir {home} holds a run of another config: {shown}; choose another --workdir"
    )
  return "done" if home.read_status().get("state") == "done" else "unfinished"


def claim(home: Workdir, config: ConfigDict) -> State:
  """`look`, and writes config.json and provenance.json; raises UserError if a live run is there."""
  with home.lock():
    state = look(home, config)
    if state == "new":
      workdir.write_json(home.provenance, provenance.collect(sys.argv))
      config_lib.save(config, home.config)  # last: this file is what makes the folder a run
    elif state == "unfinished":
      first = workdir.read_json(home.provenance) if home.provenance.exists() else {}
      first.setdefault("resumed", []).append(provenance.collect(sys.argv))
      workdir.write_json(home.provenance, first)
    return state


def _saved(home: Workdir) -> bool:
  return home.checkpoints.is_dir() and any(home.checkpoints.iterdir())


def differences(old: ConfigDict, new: ConfigDict) -> list[str]:
  """`key: old -> new` for every key that differs, in order."""
  before, after = config_lib.flatten(old), config_lib.flatten(new)
  return [
    f"{key}: {_show(before, key)} -> {_show(after, key)}"
    for key in {**before, **after}
    if key not in before or key not in after or before[key] != after[key]
  ]


def _show(flat: dict[str, Any], key: str) -> str:
  return repr(flat[key]) if key in flat else "(no such key)"
