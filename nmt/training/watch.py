"""A watch over updates: it tells when none has ended for too long."""

import time

LEAST = 20.0  # seconds
FACTOR = 5.0  # times the longest wait so far


class Watch:
  """Notes when updates end; not on before the first one has, or while something else is done.

  after: seconds without the end of an update that are too long; 0: never, None: 5 times the longest
  wait so far, and at least 20.
  """

  def __init__(self, after: float | None = None):
    self.on = False
    self._after, self._longest, self._first = after, 0.0, True
    self._since = 0.0

  def begin(self) -> None:
    """The next update is the first."""
    self._first, self._longest = True, 0.0
    self.go_on()

  def go_on(self) -> None:
    """Time counts from now."""
    self.postpone()
    self.on = True

  def postpone(self) -> None:
    """If time counts, then from now."""
    self._since = time.monotonic()

  def rest(self) -> None:
    """Time does not count."""
    self.on = False

  def ended(self) -> None:
    """An update has ended."""
    now = time.monotonic()
    self._longest = max(self._longest, now - self._since)
    self._since, self._first = now, False

  def stalled(self) -> float:
    """For how many seconds no update has ended, if they are too many; otherwise 0."""
    if not self.on or self._first or self._after == 0:
      return 0.0
    most = self._after or max(LEAST, FACTOR * self._longest)
    seconds = time.monotonic() - self._since
    return seconds if seconds > most else 0.0
