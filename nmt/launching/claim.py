"""Makes a folder the home of one config: a new run, one to be resumed, or one that is finished."""

import sys
from pathlib import Path
from typing import Any, Literal

from ml_collections import ConfigDict

from nmt import config as config_lib
from nmt import files, provenance
from nmt.errors import UserError
from nmt.launching import shares
from nmt.launching.identity import drift, fingerprint
from nmt.workdir import Workdir

State = Literal["new", "unfinished", "done"]


def look(home: Workdir, config: ConfigDict) -> State:
  """What `home` holds of `config`; raises UserError if that is a run of another config.

  A run can be given other places, more updates, and after its loss has diverged a lower learning
  rate and another train.fallback. One that failed before its first checkpoint (a wrong data.dir,
  say) gives way to another config.
  """
  if not home.config.exists():
    return "new"
  if "made_of" in _provenance(home):
    raise UserError(
      f"workdir {home} holds parameters that nmt.analyze made of others, and no optimizer: start "
      f"another run from them with train.start.run={home}"
    )
  taken, refused = _compare(home, config_lib.load(home.config), config)
  status = home.read_status().get("state")
  if refused and status == "failed" and not _saved(home):
    return "new"
  if refused:
    shown = ", ".join(refused[:8]) + (f" and {len(refused) - 8} more" if len(refused) > 8 else "")
    raise UserError(
      f"workdir {home} holds a run of another config: {shown}; choose another --workdir"
    )
  return "done" if status == "done" and "train.updates" not in taken else "unfinished"


def claim(
  home: Workdir, config: ConfigDict, cores: int | None = None, snapshot: Path | None = None
) -> State:
  """`look`, and writes config.json and provenance.json; raises UserError if a live run is there.

  The config.json of a run that is there already is written again only where a change is taken on.
  Where the code, its libraries or the number of cores are not what an unfinished run began with, a
  warning is printed; whether its data are, the worker sees.

  snapshot: the copy of the code that the run is to be run from, on some other machine.
  """
  # Not while the folder is held: a worker would be turned away.
  start = _start(config, cores, snapshot)
  with home.lock():
    state = look(home, config)
    if state == "new":
      files.write_json(home.provenance, start)
      config_lib.save(config, home.config)  # last: this file is what makes the folder a run
    elif state == "unfinished":
      first = _provenance(home)
      old = config_lib.load(home.config)
      if taken := _compare(home, old, config)[0]:
        before = config_lib.flatten(old)
        start["changed"] = {key: [before[key], value] for key, value in taken.items()}
      if first and _saved(home) and (found := drift(first, start)):
        print(f"warning: {home}: changed since it began: {', '.join(found)}", file=sys.stderr)
      first.setdefault("resumed", []).append(start)
      files.write_json(home.provenance, first)
      if taken:
        config_lib.change(home.config, taken)
      last = home.read_status()
      if last.get("state") == "done":  # with fewer updates than it is to have now
        known = {key: last[key] for key in last if key not in ("state", "time")}
        home.status("stopped", **known)
    return state


def _compare(home: Workdir, old: ConfigDict, new: ConfigDict) -> tuple[dict[str, Any], list[str]]:
  """The changes that the run of `home` can take on, by key, and lines about those that it can't.

  Updates or a rate that the run had before it took on others are no change: the first command of a
  run that was made longer still means that run. Nor is the default of a key younger than the run.
  """
  before, after = config_lib.flatten(old), config_lib.flatten(new)
  starts = _provenance(home).get("resumed", [])
  same = list(config_lib.younger(home.config).items())
  same += [(k, pair[0]) for start in starts for k, pair in start.get("changed", {}).items()]
  taken: dict[str, Any] = {}
  refused = []
  for key in changed(before, after):
    was, value = before.get(key), after.get(key)
    if key in config_lib.PLACES:
      taken[key] = value
      continue
    if (key, value) in same:
      continue
    longer = key == "train.updates" and value is not None and value > was
    lower = key == "train.optimizer.learning_rate" and value is not None and value < was
    mended = lower or key.startswith("train.fallback.")
    if longer and before["train.schedule.name"] == "cosine":
      refused.append(f"{_line(before, after, key)} (the cosine schedule is made for its updates)")
    elif longer or (mended and {"nonfinite", "diverged"} & home.read_status().keys()):
      taken[key] = value
    else:
      refused.append(_line(before, after, key))
  return taken, refused


def _start(config: ConfigDict, cores: int | None, snapshot: Path | None) -> dict[str, Any]:
  """Where this start of a run comes from."""
  found = {**provenance.collect(sys.argv), "fingerprint": fingerprint(config)}
  if snapshot is not None:
    return {**found, "cores": cores, "snapshot": str(snapshot)}
  return {**found, "cores": cores or shares.count()}


def _provenance(home: Workdir) -> dict[str, Any]:
  return files.read_json(home.provenance) if home.provenance.exists() else {}


def _saved(home: Workdir) -> bool:
  return home.checkpoints.is_dir() and any(home.checkpoints.iterdir())


def differences(old: ConfigDict, new: ConfigDict) -> list[str]:
  """`key: old -> new` for every key that differs, in order."""
  before, after = config_lib.flatten(old), config_lib.flatten(new)
  return [_line(before, after, key) for key in changed(before, after)]


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
  """The keys of two flat configs that only one has, or whose values differ, in order."""
  return [
    key
    for key in {**before, **after}
    if key not in before or key not in after or before[key] != after[key]
  ]


def _line(before: dict[str, Any], after: dict[str, Any], key: str) -> str:
  return f"{key}: {_show(before, key)} -> {_show(after, key)}"


def _show(flat: dict[str, Any], key: str) -> str:
  return repr(flat[key]) if key in flat else "(no such key)"
