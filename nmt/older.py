"""Keys of configs that were written before today's: what they are called now."""

import re
from typing import Any

_RENAMED = {
  "model.cell": "model.cell.kind",
  "model.maxout": "model.readout.size",
  "model.attention.penalty": "train.objective.coverage",
  "train.label_smoothing": "train.objective.label_smoothing",
}
_HINTS = {key: f"{key} is now {new}" for key, new in _RENAMED.items()} | {
  "model.conditional": "model.conditional is now model.order.kind: conditional for True, "
  "attend_first for False",
  "model.readout": "model.readout is a group now; its values previous and current are those of "
  "model.order.state",
  "model.loop": "model.loop is no longer a key: leave it out",
}
_FLAG = re.compile(r"(--?config\.)([^=]+)(.*)", re.DOTALL)
_ASSIGNED = re.compile(r"Could not override field '(\w+)'.* type .*ConfigDict")

# Of keys that older runs do not have: what was done before there was the key, if not the default.
BEFORE: dict[str, Any] = {"data.filter.max_tokens": 0, "data.normalize": "none"}


def translate(flat: dict[str, Any]) -> dict[str, Any]:
  """Values by dotted key, with today's keys in the place of older ones."""
  flat = {_RENAMED.get(key, key): value for key, value in flat.items() if key != "model.loop"}
  if "model.conditional" in flat:
    conditional = flat.pop("model.conditional")
    flat["model.order.kind"] = "conditional" if conditional else "attend_first"
  if "model.readout" in flat:
    flat["model.order.state"] = flat.pop("model.readout")
  return flat


def flag(argument: str) -> str:
  """A flag with today's key, where an older one only had another name.

  So the command that started a run goes on to mean that run.
  """
  found = _FLAG.match(argument)
  return f"{found[1]}{_RENAMED.get(found[2], found[2])}{found[3]}" if found else argument


def hint(key: str) -> str:
  """What has become of an older key; empty if it is none."""
  return _HINTS.get(key, "")


def hint_of(error: Exception) -> str:
  """The hint for a config file that gives a value to what is a group now."""
  found = _ASSIGNED.search(str(error))
  return hint(f"model.{found[1]}") if found else ""
