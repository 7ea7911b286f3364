"""One HTML file about a run or a study: results, curves, alignments, configs, where it comes from.

W is the folder of a run or of a study; of several, all runs are taken together. The page needs no
network; the table is that of launch.py results. Runs that are not done are listed, each with the
reason. The same folders give the same bytes.
"""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from nmt.errors import UserError
from nmt.files import check_output, replacing

FEW = 4  # runs whose parameters are shown


def arguments(parser: argparse.ArgumentParser) -> None:
  """The options of this verb."""
  add = parser.add_argument
  add("runs", metavar="W", nargs="+", type=Path, help="the folder of a run or a study")
  add("-o", "--out", metavar="F", type=Path, required=True, help="the page: a file named .html")
  add("--split", help="the test split (default: the study's)")
  add(
    "--sentences",
    type=_count,
    default=2,
    metavar="N",
    help="of each test set, with alignments (default: 2; 0: none)",
  )
  add(
    "--parameters",
    type=_count,
    default=FEW,
    metavar="N",
    help=f"of the runs, if there are at most N (default: {FEW}; 0: none)",
  )


def run(given: argparse.Namespace) -> dict[str, Any]:
  """Runs the verb as the command line asks for it."""
  return report(given.runs, given.out, given.split, given.sentences, given.parameters)


def report(
  folders: list[Path],
  out: Path,
  split: str | None = None,
  sentences: int = 2,
  parameters: int = FEW,
) -> dict[str, Any]:
  """Writes the page. UserError: it can't be written there, or a folder holds no run."""
  if not _stream(out) and out.suffix.lower() not in (".html", ".htm"):
    raise UserError(f"--out={out}: the page's name must end in .html")
  check_output("--out", out)
  from nmt.analysis.report.data import gather
  from nmt.analysis.report.page import page

  found = gather(folders, split, sentences, parameters)
  text = page(found)
  with replacing(out) as file:
    file.write(text)
  return {
    "out": str(out),
    "bytes": len(text.encode()),
    "runs": [member.name for member in found.done],
    "missing": {member.name: member.why for member in found.members if member.result is None},
    "without_alignments": found.unaligned,
    "without_parameters": found.unread,
  }


def show(console: Console, found: dict[str, Any]) -> None:
  """Says what was written, and what is not in it; nothing where the page went to a pipe."""
  if _stream(Path(found["out"])):
    return
  done, every = len(found["runs"]), len(found["runs"]) + len(found["missing"])
  size = f"{done} of {every} runs done, {found['bytes'] / 1e6:.2f} MB"
  console.print(Text(f"written: {found['out']} ({size})"), soft_wrap=True)
  for name, why in found["missing"].items():
    console.print(Text(f"  not done: {name}: {why}", style="dim"), soft_wrap=True)


def _stream(out: Path) -> bool:
  """Whether a path is a pipe or one of this process's streams, wherever these lead."""
  return out.parts[:2] == ("/", "dev") or (out.exists() and not out.is_file())


def _count(text: str) -> int:
  if not text.isdecimal():
    raise argparse.ArgumentTypeError(f"{text} is no number of 0 or more")
  return int(text)
