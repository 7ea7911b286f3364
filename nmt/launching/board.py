"""What a person sees of runs at work side by side: a live table, or lines in a log or a pipe."""

import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from nmt import cli
from nmt.launching.status import Standing, counts, line, standing, table
from nmt.workdir import Workdir

if TYPE_CHECKING:
  from rich.live import Live

_FRESH = 1.0  # seconds between two looks at the folders, on a terminal
_OFTEN = 60.0  # and elsewhere


class Board:
  """Shows how runs are doing, by the name of their folder, until it is left."""

  def __init__(self, homes: Mapping[str, Workdir]):
    self.homes = homes
    self._rows = {name: standing(name, home, held=False) for name, home in homes.items()}
    self._console = cli.console()
    self._live: Live | None = None
    self._next = 0.0

  def __enter__(self) -> Self:
    self._next = time.monotonic() + _OFTEN
    if self._console.is_terminal:
      from rich.live import Live

      self._live = Live(console=self._console, auto_refresh=False)  # no thread of its own
      self._live.start()
      self._next = 0.0
    return self

  def __exit__(
    self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
  ) -> None:
    if self._live is not None:
      self._next = 0.0
      self.show(())
      self._live.stop()

  def ended(self, name: str) -> Standing:
    """Reads the folder of a run that has ended, for good, and returns how it stands."""
    self._rows[name] = standing(name, self.homes[name], held=False)
    return self._rows[name]

  def show(self, running: Mapping[str, object] | tuple[()]) -> None:
    """Shows how it stands, if the last time was long enough ago; `running`: who is at work."""
    if time.monotonic() < self._next:
      return
    self._next = time.monotonic() + (_FRESH if self._live else _OFTEN)
    for name in running:
      self._rows[name] = standing(name, self.homes[name], held=True)
    rows = list(self._rows.values())
    if self._live is None:
      print(counts(rows), flush=True)
      for name in running:
        print(f"  {name}: {line(self._rows[name]) or 'preparing'}", flush=True)
      return
    if len(rows) > self._console.height - 6:  # more than the terminal has lines
      rows = [row for row in rows if row.state in ("running", "failed")]
    self._live.update(table(rows, title=counts(self._rows.values())), refresh=True)
