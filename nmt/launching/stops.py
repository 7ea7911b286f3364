"""Runs that were stopped though nobody here asked: they go on, unless they get no further."""

from nmt.launching.local import record_failure
from nmt.workdir import Workdir

MOST = 3  # how often in turn a run may be stopped at the same update before it has failed


class Stops:
  """Counts how often each run was stopped where it is."""

  def __init__(self) -> None:
    self._at: dict[str, tuple[int | None, int]] = {}  # update, and how often there

  def goes_on(self, home: Workdir) -> bool:
    """Notes a stop; False if the run has failed by it, which then stands in its status.json."""
    update = home.read_status().get("update")
    before, count = self._at.get(str(home), (None, 0))
    count = count + 1 if update == before else 1
    self._at[str(home)] = update, count
    if count < MOST:
      return True
    at = "before its first update" if update is None else f"at update {update}"
    record_failure(home, {}, reason=f"it was stopped {count} times {at}, and nobody asked for it")
    return False
