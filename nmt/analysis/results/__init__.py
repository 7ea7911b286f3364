"""The table of a study: one row a configuration, with intervals, differences and costs.

  python launch.py results --workdir=W

W is the folder of a study, any folder of runs, or one run. Runs that are not done are named under
the table. What each column means is in docs/results.md.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from nmt import cli
from nmt.arguments import Parser, positive
from nmt.files import check_output, replacing


def main(arguments: Sequence[str]) -> int:
  """Prints or writes the table of a folder; returns the exit code."""
  flags = _parser().parse_args(arguments)
  check_output("--output", flags.output)
  from nmt.analysis.results import columns, footer, formats, rows, study
  from nmt.analysis.results.table import Options  # sacreBLEU: half a second

  if flags.plot is not None:
    from nmt.analysis.results import forest

    forest.check(flags.plot)
  found = study.read(flags.workdir, flags.split)
  group = tuple(key for key in flags.group.split(",") if key) if flags.group is not None else None
  options = Options(
    flags.metric or found.metric, group, flags.baseline, flags.resamples, flags.trials
  )
  table = rows.tabulate(found, options)
  order = columns.ordered(table, flags.sort)
  notes = footer.lines(table, options)
  if flags.plot is not None:
    forest.draw(flags.plot, table, order)
  if flags.format is None and flags.output is None:
    formats.terminal(cli.console(), table, order, notes)
    return 0
  text = {
    "markdown": lambda: formats.markdown(table, order, notes),
    "latex": lambda: formats.latex(table, order, notes),
    "csv": lambda: formats.comma_separated(table, order),
    "json": lambda: formats.as_json(table, order, notes),
    "jsonl": lambda: formats.json_lines(table),
  }[flags.format or _by_suffix(flags.output)]()
  if flags.output is None:
    print(text, end="")
  else:
    with replacing(flags.output) as file:
      file.write(text)
  if (flags.format or _by_suffix(flags.output)) in ("csv", "jsonl"):
    for line in notes:  # which these have no place for
      print(line, file=sys.stderr)
  return 0


def _by_suffix(path: Path) -> str:
  known = {".csv": "csv", ".tex": "latex", ".json": "json", ".jsonl": "jsonl"}
  return known.get(path.suffix.lower(), "markdown")


def _parser() -> Parser:
  parser = Parser("results", __doc__)
  parser.prog = "python launch.py results"
  add = parser.add_argument
  add("--workdir", type=Path, required=True, help="a study's folder, a folder of runs, or a run")
  add("--metric", help="bleu, chrf, perplexity, aer, attention_entropy (default: the study's)")
  add("--split", help="the test split (default: the study's)")
  add("--group", help="keys that make a row: KEY,... (default: all that differ but the seed)")
  add("--baseline", help="what to compare with: a run, a row or KEY=VALUE,... (default: study's)")
  add("--sort", metavar="COLUMN", help="a column as CSV names it, -COLUMN from the top")
  add(
    "--format",
    choices=("markdown", "csv", "latex", "json", "jsonl"),
    help="(default: for a terminal)",
  )
  add(
    "-o", "--output", type=Path, help="write to this file; its ending says the format, such as .md"
  )
  add("--plot", type=Path, help="draw the intervals too: a .png, .pdf or .svg")
  add("--resamples", type=_several, default=1_000, help="of the bootstrap (default: 1000)")
  add("--trials", type=positive, default=10_000, help="of the randomisation (default: 10000)")
  return parser


def _several(text: str) -> int:
  number = positive(text)
  if number < 100:
    raise argparse.ArgumentTypeError(f"{text} is not a number of at least 100")
  return number
