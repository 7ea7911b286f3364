"""How long something took, for the person who waits and for the processors."""

import time


class Stopwatch:
  """Runs from the moment it is made."""

  def __init__(self) -> None:
    self._wall, self._cpu = time.monotonic(), time.process_time()

  def seconds(self) -> tuple[float, float]:
    """Wall-clock seconds, and CPU seconds of all threads of this process."""
    return time.monotonic() - self._wall, time.process_time() - self._cpu
