"""Where a run comes from: code, packages, machine and command line."""

import functools
import hashlib
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parent.parent


def collect(command: Sequence[str]) -> dict[str, Any]:
  """What it takes to run `command` again on the same code; times are seconds since 1970, UTC."""
  return {
    "command": list(command),
    "started": time.time(),
    "git": git(_ROOT),
    "python": platform.python_version(),
    "platform": platform.platform(),
    "cpus": os.cpu_count(),
    "environment": {k: v for k, v in sorted(os.environ.items()) if k.startswith(("JAX_", "XLA_"))},
    "packages": packages(),
    "executable": sys.executable,
  }


def packages() -> dict[str, str]:
  """The version of every installed distribution, by name."""
  folders = filter(os.path.isdir, sys.path)  # whose times change as something is installed
  return dict(_packages(tuple((path, os.stat(path).st_mtime_ns) for path in folders)))


@functools.lru_cache(maxsize=1)
def _packages(places: tuple[tuple[str, int], ...]) -> dict[str, str]:
  described = (one.metadata for one in metadata.distributions())  # parsed anew at each mention
  found = {one["Name"]: one["Version"] for one in described if one["Name"]}
  return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def git(folder: Path) -> dict[str, Any]:
  """The commit checked out in `folder` and whether anything differs from it; nulls without git.

  `diff` is the sha256 of what differs, in files that git knows and names of those that it doesn't.
  """
  commit = _git(folder, "rev-parse", "HEAD")
  changes = _git(folder, "status", "--porcelain")
  diff = _git(folder, "diff", "HEAD") if changes else ""
  known = changes is not None and diff is not None
  digest = hashlib.sha256(f"{changes}\n{diff}".encode()).hexdigest() if known else None
  return {"commit": commit, "dirty": None if changes is None else bool(changes), "diff": digest}


def _git(folder: Path, *words: str) -> str | None:
  try:
    done = subprocess.run(
      ["git", "-C", str(folder), *words],
      capture_output=True,
      check=True,
      timeout=30,
      encoding="utf-8",
      errors="replace",
    )
  except (OSError, subprocess.SubprocessError):
    return None
  return done.stdout.strip()
