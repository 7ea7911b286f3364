"""Writes the measured columns of docs/mechanisms.md.

  python -m experiments.benchmarks.family_page

takes them from results/family_speed.jsonl, as experiments.benchmarks.family_speed made it. Rows and
all other columns are written by hand.
"""

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from experiments.benchmarks import lines
from nmt import cli, kinds
from nmt.files import replacing

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "mechanisms.md"
RESULTS = ROOT / "results" / "family_speed.jsonl"
MEASURED = ("training", "search")
NOTHING = "–"  # not measured


def main(arguments: Sequence[str]) -> None:
  """Writes the page anew."""
  parser = argparse.ArgumentParser(
    prog="python -m experiments.benchmarks.family_page",
    description=__doc__,
    formatter_class=argparse.RawTextHelpFormatter,
  )
  parser.parse_args(arguments)
  text = filled(PAGE.read_text(encoding="utf-8"), lines.read(RESULTS))
  with replacing(PAGE) as file:
    file.write(text)


def rows(text: str) -> Iterator[tuple[int, str, dict[str, str]]]:
  """Each row of a kind: its line, its name as `name` gives it, and its cells by column."""
  group = ""
  head: list[str] = []
  for number, line in enumerate(text.splitlines()):
    if line.startswith("#"):
      group, head = line.lstrip("# "), []
    elif line.startswith("|") and group in kinds.PACKAGES:
      cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
      if not head:
        head = cells
      elif not line.startswith("|--"):
        yield number, f"{group}.{cells[0].replace('`', '')}", dict(zip(head, cells, strict=True))


def name(line: lines.Line) -> str:
  """A kind's key and, where they are not the defaults, its own options: model.cell.lstm."""
  group = line["group"]
  own = {key.removeprefix(f"{group}."): value for key, value in line["changes"].items()}
  options = [f"{k}={v}" for k, v in own.items() if "." not in k and k != "kind"]
  return " ".join([f"{group}.{line['kind']}", *options])


def filled(text: str, results: Sequence[lines.Line]) -> str:
  """The page with the measured columns of these lines, of which the first says the conditions."""
  measured = {name(line): line for line in results[1:]}
  page, first = text.splitlines(), ""
  for number, kind, cells in rows(text):
    group = kind.rpartition(".")[0] if " " not in kind else kind.split(" ")[0].rpartition(".")[0]
    baseline, first = group != first, group
    for column in MEASURED:
      if column in cells:
        cells[column] = "1" if baseline else _shown(measured.get(kind, {}).get(column))
    page[number] = f"| {' | '.join(cells.values())} |"
  return "\n".join(page) + "\n"


def _shown(ratio: Mapping[str, Mapping[str, float]] | None) -> str:
  if ratio is None:
    return NOTHING
  cpu = ratio["cpu"]
  return f"{cpu['median']:.2f} [{cpu['low']:.2f}, {cpu['high']:.2f}]"


if __name__ == "__main__":
  cli.entry(main)
