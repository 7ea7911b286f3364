"""How the processes of one run meet: all come to process 0, which tells them where JAX's is to be.

JAX's own coordinator would abort each with a stack trace where one does not come, or another run's.
"""

import contextlib
import json
import socket
import time
from multiprocessing import connection
from typing import Any

from nmt.errors import UserError
from nmt.ranks import Rank
from nmt.training.peers import Line, tell
from nmt.training.stopping import Stopping

_PAUSE = 0.5  # seconds between two tries to reach process 0
_PATIENCE = 10.0  # seconds more than process 0 waits, which then says who did not come


def meet(
  rank: Rank, stopping: Stopping, run: str, timeout: float, stall: float | None = None
) -> tuple[Line, str]:
  """Waits for all processes of the run; returns the line, and where JAX's coordinator is to be.

  `run` says which run it is. UserError: some did not come, or this process came to another run.
  """
  until = time.monotonic() + timeout
  who = {"process": rank.index, "processes": rank.count, "run": run}
  if rank.index:
    line = _reach(rank, until, timeout)
    tell(line, who)
    try:
      if not line.poll(max(0.0, until - time.monotonic()) + _PATIENCE):
        raise UserError(f"process 0 at {rank.coordinator} does not answer")
      found = json.loads(line.recv_bytes())
    except (EOFError, OSError):
      found = f"process 0 at {rank.coordinator} has ended, or turned this process away"
    if isinstance(found, str):
      raise UserError(found)
    return Line(rank, {0: line}, stopping, stall), f"{rank.host}:{found}"
  lines: dict[int, connection.Connection] = {}
  try:
    _receive(lines, rank, who, until, timeout)
  except UserError as e:
    for line in lines.values():
      tell(line, str(e))
    raise
  with socket.socket() as probe:
    probe.bind(("", 0))
    port = probe.getsockname()[1]
  for line in lines.values():
    tell(line, port)
  return Line(rank, lines, stopping, stall), f"{rank.host}:{port}"


def _reach(rank: Rank, until: float, timeout: float) -> connection.Connection:
  """A connection to process 0, which may be there only later."""
  host, port = rank.host, int(rank.coordinator.rpartition(":")[2])
  while True:
    try:
      reached = socket.create_connection((host, port), timeout=max(0.1, until - time.monotonic()))
      reached.settimeout(None)
      return connection.Connection(reached.detach())
    except OSError as e:
      if time.monotonic() + _PAUSE > until:
        raise UserError(
          f"process 0 can't be reached at {rank.coordinator} within {timeout:g} s: "
          f"{e.strerror or e}"
        ) from None
    time.sleep(_PAUSE)


def _receive(
  lines: dict[int, connection.Connection],
  rank: Rank,
  who: dict[str, Any],
  until: float,
  timeout: float,
) -> None:
  """Process 0: adds a connection to each other process to `lines`."""
  port = int(rank.coordinator.rpartition(":")[2])
  both = socket.has_dualstack_ipv6()
  family = socket.AF_INET6 if both else socket.AF_INET
  try:
    server = socket.create_server(("", port), family=family, dualstack_ipv6=both)
  except OSError as e:
    raise UserError(f"process 0 can't listen on port {port}: {e.strerror}") from None
  unknown: list[connection.Connection] = []  # who came and has not said yet who it is
  with server:
    server.settimeout(1.0)
    while len(lines) < rank.count - 1:
      ready = connection.wait([server, *unknown], max(0.0, until - time.monotonic()))
      if not ready:
        missing = sorted(set(range(1, rank.count)) - lines.keys())
        raise UserError(
          f"of {rank.count} processes, {', '.join(map(str, missing))} did not come within "
          f"{timeout:g} s"
        )
      for line in [line for line in unknown if line in ready]:
        unknown.remove(line)
        found = _introduced(line)
        if found is not None and found | {"process": 0} == who:
          # One that comes again was started again: its first line is dead.
          lines[found["process"]] = line
        else:
          tell(line, f"another run is at {rank.coordinator}: use another port")
          line.close()
      if server in ready:
        with contextlib.suppress(OSError):  # it has left again
          accepted = server.accept()[0]
          accepted.settimeout(None)
          unknown.append(connection.Connection(accepted.detach()))


def _introduced(line: connection.Connection) -> dict[str, Any] | None:
  """Who came; None if it is no process of ours."""
  try:
    found = json.loads(line.recv_bytes(1000))
    if isinstance(found, dict) and type(found.get("process")) is int:
      return found
  except (EOFError, OSError, ValueError):
    pass
  return None
