"""Looks into trained runs: python -m nmt.analyze VERB W ...

W is a run's folder, which stands for its best checkpoint, or W@UPDATE, W@last: one of the others.
Where nothing but parameters is needed it may be a file of python -m nmt.export. With --json, what
was found is printed as JSON. python -m nmt.analyze VERB --help lists what a verb takes.
"""

import ast
import dataclasses
import importlib
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nmt import cli
from nmt.arguments import Parser
from nmt.errors import UserError, nearest
from nmt.exit_codes import DONE

# A verb is a file here, `over-time` over_time.py; one with a leading underscore is none. It has
#   a docstring     its first line is shown in the list of verbs, all of it by --help
#   arguments(parser)         adds its options; --json is there already
#   run(given) -> found       does the work; a dataclass, or dicts, lists, numbers and NumPy arrays
#   show(console, found)      prints it for people, as rich tables
# and may have
#   code(found) -> int        the exit code, 0 without it
_VERBS = Path(__file__).parent / "analysis" / "verbs"


def verbs() -> dict[str, Path]:
  """The file of every verb, by the name that is typed."""
  files = sorted(_VERBS.glob("*.py"))
  return {file.stem.replace("_", "-"): file for file in files if not file.stem.startswith("_")}


def main(argv: Sequence[str]) -> int:
  """Runs one verb, and prints what it found; returns the exit code."""
  if not argv or argv[0] in ("-h", "--help"):
    print(f"{__doc__}\n{_listing()}")
    return DONE
  name = argv[0]
  if name not in verbs():
    raise UserError(
      f"{name} is no verb{nearest(name, verbs())}; python -m nmt.analyze lists what there is"
    )
  verb = importlib.import_module(f"nmt.analysis.verbs.{verbs()[name].stem}")
  parser = Parser(f"analyze {name}", verb.__doc__)
  verb.arguments(parser)
  parser.add_argument("--json", action="store_true", help="print JSON")
  given = parser.parse_args(argv[1:])
  found = verb.run(given)
  if given.json:
    json.dump(plain(found), sys.stdout, indent=2, ensure_ascii=False, allow_nan=False)
    print()
  else:
    verb.show(cli.console(), found)
  return verb.code(found) if hasattr(verb, "code") else DONE


def plain(found: Any) -> Any:
  """`found` as JSON takes it: arrays become lists, dataclasses dicts, NaN and infinity null."""
  if dataclasses.is_dataclass(found) and not isinstance(found, type):
    names = [field.name for field in dataclasses.fields(found)]
    return {name: plain(getattr(found, name)) for name in names}
  if isinstance(found, tuple) and hasattr(found, "_asdict"):
    return plain(found._asdict())
  if isinstance(found, dict):
    return {str(key): plain(value) for key, value in found.items()}
  if isinstance(found, list | tuple):
    return [plain(value) for value in found]
  if isinstance(found, Path):
    return str(found)
  if hasattr(found, "tolist"):  # of NumPy
    return plain(found.tolist())
  if isinstance(found, float) and not math.isfinite(found):
    return None
  return found


def _listing() -> str:
  """The verbs, each with the first line of its docstring, none of them imported."""
  lines = []
  for name, file in verbs().items():
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    lines.append(f"  {name:<12} {text.splitlines()[0] if text else ''}")
  return "\n".join(lines)


if __name__ == "__main__":
  cli.entry(main, pipe=True)
