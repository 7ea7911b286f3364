"""Results in files: a JSON line for each measurement, its numbers to four digits."""

import json
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nmt.errors import UserError
from nmt.files import replacing

Line = dict[str, Any]
_DIGITS = 4


def write(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
  """Writes all lines anew."""
  with replacing(path) as file:
    for line in lines:
      file.write(json.dumps(short(line), ensure_ascii=False) + "\n")


def read(path: Path) -> list[Line]:
  """The lines of a file; a missing or damaged one is a UserError that names it."""
  try:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
  except FileNotFoundError:
    raise UserError(f"{path}: no such file") from None
  except (UnicodeDecodeError, json.JSONDecodeError) as e:
    raise UserError(f"{path}: not JSON lines ({e})") from None


def begun(path: Path) -> list[Line]:
  """The whole lines of a file that `append` may have been stopped in, which then ends there."""
  if not path.exists():
    return []
  text = path.read_bytes()
  whole = text[: text.rfind(b"\n") + 1]
  if whole != text:
    with replacing(path) as file:
      file.write(whole.decode())
  return read(path)


def append(path: Path, line: Mapping[str, Any]) -> Line:
  """Adds a line to a file, and gives it back as it was written."""
  kept: Line = short(line)
  with path.open("a", encoding="utf-8") as file:
    file.write(json.dumps(kept, ensure_ascii=False) + "\n")
  return kept


def spread(values: Sequence[float]) -> dict[str, float]:
  """Median, least and most of what was measured several times."""
  return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def interval(values: Sequence[float]) -> dict[str, float]:
  """Median of what was measured several times, and the interval that holds it at 95 % or more.

  The interval is that of the sign test, from the k-th lowest to the k-th highest value, with the
  largest k for which the median of what is measured is outside at most once in twenty; of fewer
  than six values it is all of them.
  """
  ordered, count = sorted(values), len(values)
  below, k = 0, 0  # of 2 ** count ways, those with at most k values below the median
  while 40 * (below := below + math.comb(count, k)) <= 2**count:
    k += 1
  low, high = ordered[max(k - 1, 0)], ordered[min(count - k, count - 1)]
  return {"median": statistics.median(values), "low": low, "high": high}


def short(value: Any) -> Any:
  """The same value with each float in it rounded to four digits, from 1000 on to a whole number."""
  if isinstance(value, float):
    near = float(f"{value:.{_DIGITS}g}")
    return int(near) if 10 ** (_DIGITS - 1) <= abs(near) < math.inf else near
  if isinstance(value, Mapping):
    return {key: short(item) for key, item in value.items()}
  if isinstance(value, list | tuple):
    return [short(item) for item in value]
  return value
