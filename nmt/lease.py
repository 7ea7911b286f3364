"""A lease: a file that says who holds a folder, on whatever machine, and that its holder renews.

flock alone is not enough: some shared disks do not have it, and on others each machine has locks of
its own. So the holder of a folder makes a lease in it (O_EXCL: one process succeeds), and changes a
number in it every BEAT seconds. Somebody else may take it over if

- its holder ran on this machine and is known to be dead, or
- it has not changed for STALE seconds of the monotonic clock of the process that watches it. Clocks
  of two machines are never compared, and nobody can set this one.

It is taken over by renaming a new lease onto it. If several processes do so at once, the last one
has it: each waits for two beats, and then looks whether the lease is still its own. A holder that
was only slow looks before each beat. If the lease is not its own any more, it stops at once, writes
nothing, and exits with code 75.
"""

import contextlib
import functools
import json
import os
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nmt.exit_codes import CONTINUE
from nmt.files import naming

BEAT = 5.0  # seconds from one renewal to the next
STALE = 60.0  # seconds without a renewal after which a holder counts as dead
_GLANCE = 0.5  # seconds between two looks at the lease of somebody else


class Held(Exception):
  """Somebody else holds the lease; says who."""


class Watch:
  """Tells leases that are renewed from those that are not, by looking at them again and again."""

  def __init__(self) -> None:
    self._seen: dict[Path, tuple[bytes, float, bool]] = {}  # text, since when, whether it changed

  def alive(self, path: Path, device: int | None) -> bool | None:
    """Whether the lease `path` has a live holder; None until that is known.

    device: the disk on which this process has got the lock (flock) that a holder on this machine
    would have, if it has got one.
    """
    now = time.monotonic()  # before it is read: this process may stand still in between
    text = _read(path)
    if text is None:
      return False
    known = _lives(_parse(text), device)
    if known is not None:
      return known
    before, since, changed = self._seen.get(path, (None, now, False))
    if text != before:
      since, changed = time.monotonic(), before is not None
    self._seen[path] = (text, since, changed)
    if now - since >= STALE:
      return False
    return True if changed else None


def settled(look: Callable[[], bool | None]) -> bool:
  """What `look` finds, looking until it is known."""
  while (found := look()) is None:
    time.sleep(min(_GLANCE, BEAT))
  return found


@contextlib.contextmanager
def hold(path: Path, device: int | None, watch: Watch | None = None) -> Iterator[None]:
  """Holds the lease `path` and renews it; raises Held if somebody else has it.

  device: as for `Watch.alive`. watch: what was seen of it before. With a watch, a lease of which
  it is not known yet whether it is renewed counts as held; without, this waits until it is known.
  """
  token = uuid.uuid4().hex
  text = _text(token, device)
  pause = 0.0
  while not _create(path, text):
    stale = _read(path)
    if _is_held(path, device, watch):
      raise Held(who(path))
    if stale is not None and _replace(path, stale, text):
      pause = 0.0 if _locked(_parse(stale), device) else 2 * BEAT
      break
    time.sleep(min(_GLANCE, BEAT))  # given back meanwhile, or not to be seen from here yet
  over = threading.Event()
  try:
    time.sleep(pause)
    if not _has(path, token):
      raise Held(who(path))
    threading.Thread(target=_renew, args=(path, token, text, over), daemon=True).start()
    yield
  finally:
    over.set()
    with contextlib.suppress(OSError):  # a lease that is left is found to be stale
      if _has(path, token):
        path.unlink()


def _is_held(path: Path, device: int | None, watch: Watch | None) -> bool:
  if watch is not None:
    return watch.alive(path, device) is not False
  watch = Watch()
  found = watch.alive(path, device)
  if found is None:
    told = f"{who(path)} may be at work in {path.parent}; that is known after up to {STALE:.0f} s"
    print(told, file=sys.stderr, flush=True)
    found = settled(lambda: watch.alive(path, device))
  return found


def who(path: Path) -> str:
  """The holder: `process 12 on host`."""
  found = _parse(_read(path) or b"")
  return f"process {found['pid']} on {found['host']}" if found else "another process"


def _renew(path: Path, token: str, text: bytes, over: threading.Event) -> None:
  beat = 0
  while not over.wait(BEAT):
    beat += 1
    try:
      # The number is changed in place: a rename could put this lease onto that of another.
      with open(path, "r+b", buffering=0) as file:
        mine = _parse(file.read()).get("token") == token
        if mine:
          file.seek(0)
          file.write(_counted(text, beat))  # and closed, at which NFS hands it to its server
    except FileNotFoundError:
      mine = False
    except OSError:
      continue  # the disk does not answer now
    if not mine and not over.is_set():
      _stop(path)


def _stop(path: Path) -> None:
  """Ends this process, whatever it is doing."""
  why = f"{who(path)} took it over, because this process was too slow"
  if not path.exists():
    why = f"{path.name} was removed"
  with contextlib.suppress(OSError):
    os.write(2, f"error: {path.parent} is not held any more: {why}\n".encode())
  os._exit(CONTINUE)


def _create(path: Path, text: bytes) -> bool:
  """Makes the file, unless there is one."""
  try:
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
  except FileExistsError:
    return False
  try:
    with naming(path), open(number, "wb") as file:
      file.write(text)
  except OSError:
    path.unlink(missing_ok=True)
    raise
  return True


def _replace(path: Path, stale: bytes, text: bytes) -> bool:
  """Takes a lease over, unless it is not the stale one any more: another one was as quick."""
  beside = path.with_name(f".{path.name}.{_parse(text)['token']}")
  try:
    _create(beside, text)
    if _read(path) != stale:
      return False
    os.replace(beside, path)
    return True
  finally:
    beside.unlink(missing_ok=True)


def _read(path: Path) -> bytes | None:
  """What the file says now, None without a file. To open it anew makes NFS ask its server."""
  try:
    return path.read_bytes()
  except FileNotFoundError:
    return None


def _has(path: Path, token: str) -> bool:
  return _parse(_read(path) or b"").get("token") == token


def _parse(text: bytes) -> dict[str, Any]:
  """The holder's description; empty if it is not whole yet, or damaged."""
  try:
    found = json.loads(text)
  except ValueError:
    return {}
  return found if isinstance(found, dict) and found.keys() >= _FIELDS else {}


_FIELDS = {"host", "pid", "began", "kernel", "processes", "device", "token", "beat"}


def _text(token: str, device: int | None) -> bytes:
  """A lease of this process."""
  kernel, processes = _machine()
  found = {
    "host": socket.gethostname(),
    "pid": os.getpid(),
    "began": _began(os.getpid()),
    "kernel": kernel,
    "processes": processes,
    "device": device,
    "token": token,
  }
  return _counted(json.dumps(found).encode()[:-1] + b', "beat": "', 0)


def _counted(text: bytes, beat: int) -> bytes:
  """The lease with this number, as long as with any other: it needs no more room on a full disk."""
  head, mark, _ = text.partition(b'"beat": "')
  return head + mark + f'{beat:012}"}}\n'.encode()


def _lives(holder: dict[str, Any], device: int | None) -> bool | None:
  """Whether the holder lives, if it is one of this machine; None if it may be of another."""
  if _locked(holder, device):
    return False
  kernel, processes = _machine()
  if not holder or None in (kernel, processes):
    return None
  if (holder["kernel"], holder["processes"]) != (kernel, processes):
    return None
  return holder["began"] is not None and _began(holder["pid"]) == holder["began"]


def _locked(holder: dict[str, Any], device: int | None) -> bool:
  """Whether this process has the lock of the holder, which is dead then."""
  same = device is not None and holder.get("device") == device
  return same and holder["kernel"] == _machine()[0]


@functools.cache
def _machine() -> tuple[str | None, str | None]:
  """Names for the running kernel, and for that whose numbers of processes this process sees."""
  try:
    kernel = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return kernel, os.readlink("/proc/self/ns/pid")
  except OSError:  # no Linux
    return socket.gethostname(), None


def _began(pid: int) -> int | None:
  """When a process began, in ticks of the kernel; None if there is no such process."""
  try:
    state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
  except (OSError, ValueError):
    return None
  return None if state in "ZX" else int(rest[18])  # Z, X: dead, and nobody has asked how it ended
