"""A report for people: its files, its figure and its tables."""

from pathlib import Path

from rich.console import Console

from nmt import cli
from nmt.analysis import table
from nmt.errors import UserError
from nmt.evaluation import results
from nmt.evaluation.references import Example
from nmt.evaluation.report import Report


def publish(report: Report, folder: Path | None = None, console: Console | None = None) -> None:
  """Prints a report, once it is written into a folder, if there is one.

  Its files are `<split>.source`, `.hypotheses`, `.references` (a line each), `.json` (the scores)
  and `.png` (an alignment matrix, where there is one). Raises `results.Unwritten`, with the scores
  shown, when writing fails.
  """
  console = console or cli.console()
  written = unwritten = None
  if folder is not None:
    split = report.scores["split"]
    stem = results.stem(split)
    try:
      results.write(folder, split, report.texts, report.scores)
      endings = "json,source,hypotheses,references"
      if report.example is not None:
        _draw(report.example, folder / f"{stem}.png")
        endings += ",png"
      written = f"written: {folder / stem}.{{{endings}}}"
    except OSError as e:
      unwritten = results.rescue(folder, split, report.texts, report.scores, e)
    except UserError as e:  # of the figure: all else is written
      unwritten = results.Unwritten(str(e), report.scores)
  table.show(console, report)
  if unwritten is not None:
    raise unwritten
  if written is not None:
    console.print(written, markup=False, highlight=False, soft_wrap=True)


def _draw(example: Example, path: Path) -> None:
  from nmt.analysis.heatmap import heatmap  # matplotlib: a second that no training waits for

  source, target, alpha_TxJ, gold = example
  heatmap(path, [*source, "<end>"], [*target, "<end>"], alpha_TxJ, gold)
