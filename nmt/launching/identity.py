"""What makes a run the run it is, and what has changed around it since it began."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

from nmt import config as config_lib

# Their versions change what is computed, if only in the last digits.
_COMPUTE = ("jax", "jaxlib", "flax", "optax", "numpy", "sacrebleu", "sentencepiece")


def fingerprint(config: ConfigDict) -> str:
  """The sha256, in hexadecimal, of a resolved config without its places and devices."""
  flat = config_lib.flatten(config)
  kept = {key: value for key, value in flat.items() if key not in config_lib.PLACES}
  text = json.dumps(kept, sort_keys=True, ensure_ascii=False)
  return hashlib.sha256(text.encode()).hexdigest()


def drift(first: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
  """What differs between two provenances: commit, changes to it, versions, cores; in words."""
  found = []
  before, after = first.get("git") or {}, now.get("git") or {}
  if before.get("commit") != after.get("commit"):
    found.append(f"the commit ({_short(before.get('commit'))} -> {_short(after.get('commit'))})")
  elif before.get("diff", after.get("diff")) != after.get("diff"):  # older runs do not have it
    found.append(f"what is not committed on top of {_short(after.get('commit'))}")
  versions, today = first.get("packages") or {}, now.get("packages") or {}
  for name in _COMPUTE:
    if versions.get(name) != today.get(name):
      found.append(f"{name} ({versions.get(name, 'none')} -> {today.get(name, 'none')})")
  cores = first.get("cores"), now.get("cores")
  if None not in cores and cores[0] != cores[1]:
    found.append(f"the number of cores ({cores[0]} -> {cores[1]})")
  return found


def _short(commit: str | None) -> str:
  return commit[:10] if commit else "none"
