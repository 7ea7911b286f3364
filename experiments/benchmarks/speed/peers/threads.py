"""How many threads a peer may use: as many as JAX takes."""

import os


def cores() -> int:
  """The cores that this process may run on."""
  return len(os.sched_getaffinity(0))
