"""A bar on stderr for whoever waits at a terminal; nothing in a log or a pipe."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import (
  BarColumn,
  MofNCompleteColumn,
  Progress,
  ProgressColumn,
  TextColumn,
  TimeRemainingColumn,
)

Item = TypeVar("Item")


def bar(amount: ProgressColumn | None = None) -> Progress:
  """A bar that goes away in the end; `amount` shows how much is done (default: 3/10)."""
  console = Console(stderr=True)
  return Progress(
    TextColumn("{task.description}", markup=False),
    BarColumn(),
    amount or MofNCompleteColumn(),
    TimeRemainingColumn(),
    console=console,
    transient=True,
    disable=not console.is_terminal,
  )


def shown(items: Iterable[Item], count: int, title: str) -> Iterator[Item]:
  """Yields `count` items, with a bar."""
  with bar() as progress:
    yield from progress.track(items, total=count, description=title)
