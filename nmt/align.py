"""Word alignments by the attention of a trained model, and their error rate.

  python -m nmt.align --workdir W --source S --target T > links    T is given, not searched
  python -m nmt.align --workdir W --source S --target T --gold G   and the error rate, on stderr
  python -m nmt.align --links F --gold G                           the error rate of any links
  python -m nmt.align --links F --backward B > links               those of two directions in one

Links are in Pharaoh format, one line a pair: `i-j` from source word i to target word j, from 0.
Words are those of the run's tokenizers (Moses words, or what white space separates), or with
--pretokenized what spaces separate. Pieces become words by the sum over source and the mean over
target pieces; the end of sentence is never linked. Each target word is linked to the source word
on which both readings of the matrix, by rows and by columns, agree best (agreement), to the one of
largest weight (argmax), or to all of at least a given weight (threshold). Weights are alpha, which
is where the model looks before it knows the target word, or with --posterior what it becomes once
the word is known, which halved the error rate on people's text (docs/findings.md). Links that a run
of the other direction makes of the same sentences (--backward) are put together with these by
--combine.
"""

import argparse
import sys
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from rich import box
from rich.table import Table

from nmt.arguments import Parser, weight
from nmt.cli import console, entry
from nmt.data import text_files
from nmt.data.links import spaced
from nmt.errors import UserError
from nmt.evaluation import alignment, symmetrisation
from nmt.files import check_output, write_json


def main(argv: Sequence[str]) -> int:
  arguments = _parser().parse_args(argv)
  check_output("--json", arguments.json)
  check_output("--figure", arguments.figure)
  gold = alignment.read(arguments.gold) if arguments.gold else None
  if arguments.links:
    _score_file(arguments, gold)
  elif arguments.backward:
    raise UserError("--backward needs --links, the links to put together with")
  elif arguments.workdir and arguments.source and arguments.target:
    links = _aligned(arguments, gold)
    if gold is not None:
      _report(arguments, list(links), gold)
    else:
      deque(links, maxlen=0)  # printed as they come, kept by nobody
  else:
    raise UserError("give --workdir, --source and --target, or --links and --gold")
  return 0


def _score_file(arguments: argparse.Namespace, gold: list[alignment.Links] | None) -> None:
  if gold is None and not arguments.backward:
    raise UserError("--links needs --gold, the links to compare with, or --backward")
  if arguments.workdir or arguments.figure or arguments.posterior:
    raise UserError("--links is scored as it is: leave out --workdir, --figure and --posterior")
  found = alignment.read(arguments.links, arguments.reverse)
  backward = None
  read = [(arguments.links, found)]
  if arguments.backward:
    backward = alignment.read(arguments.backward, not arguments.reverse)
    read.append((arguments.backward, backward))
  if gold is not None:
    read.append((arguments.gold, gold))
  for path, lines in read:
    if len(lines) != len(found):
      raise UserError(f"{arguments.links} has {len(found)} lines but {path} has {len(lines)}")
  if arguments.source and arguments.target:
    _check_range(arguments, read)
  links: list[Collection[alignment.Link]] = [pair.possible for pair in found]
  if backward is not None:
    rule = symmetrisation.RULES[arguments.combine]
    pairs = zip(links, backward, strict=True)
    links = [rule(ours, theirs.possible) for ours, theirs in pairs]
    for pair in links:
      print(alignment.show(pair))
  if gold is not None:
    _report(arguments, links, gold)


def _aligned(
  arguments: argparse.Namespace, gold: list[alignment.Links] | None
) -> Iterator[list[alignment.Link]]:
  """Prints the links of each pair, draws the figures asked for, and yields the links."""
  from nmt.analysis.heatmap import heatmap
  from nmt.analysis.style import check_path
  from nmt.evaluation import attention
  from nmt.loading import load, posterior  # jax: not for --links

  wanted = _numbers(arguments.lines)
  if arguments.figure:
    check_path(arguments.figure)
  skipped = 0
  with text_files.checked((arguments.source, arguments.target)) as (count, pairs):
    if gold is not None and len(gold) != count:
      raise UserError(f"{arguments.gold} has {len(gold)} lines but {arguments.source} has {count}")
    if arguments.figure and max(wanted) > count:
      raise UserError(f"--lines {max(wanted)}: {arguments.source} has {count} lines")
    run = load(arguments.workdir, arguments.which)
    attention.check(run)
    if arguments.posterior:
      run = posterior(run)
    words = (
      (spaced(source), spaced(target))
      if arguments.pretokenized
      else (run.source.words(source), run.target.words(target))
      for source, target in pairs
    )
    for number, pair in enumerate(attention.align(run, words), 1):
      J, T = len(pair.source), len(pair.target)
      if gold is not None:
        alignment.check_range(gold[number - 1], J, T, f"{arguments.gold}, line {number}")
      links = []
      if pair.alpha_TxJ is None:
        skipped += 1
      else:
        links = attention.links(pair.alpha_TxJ, arguments.method, arguments.threshold)
        if arguments.figure and number in wanted:
          heatmap(
            _figure_path(arguments.figure, number, len(wanted)),
            [*pair.source, "<end>"],
            [*pair.target, "<end>"],
            pair.alpha_TxJ,
            gold[number - 1] if gold is not None else None,
          )
      print(alignment.show(links))
      yield links
  if skipped:
    print(f"warning: {skipped} pairs are too long and have no links", file=sys.stderr)


def _report(
  arguments: argparse.Namespace,
  found: Sequence[Collection[alignment.Link]],
  gold: list[alignment.Links],
) -> None:
  score = alignment.score(found, gold)
  table = Table(
    title=f"{score.links} links in {score.sentences} sentences",
    box=box.SIMPLE,
    title_justify="left",
  )
  for name in ("AER", "precision", "recall"):
    table.add_column(name, justify="right")
  table.add_row(f"{score.aer:.2f}", f"{score.precision:.2f}", f"{score.recall:.2f}")
  try:
    if arguments.json:
      write_json(arguments.json, asdict(score))
  finally:
    # Links go to stdout when they are made here; a file's score is all there is to print.
    console(stderr=not arguments.links or bool(arguments.backward)).print(table)


def _check_range(
  arguments: argparse.Namespace, read: list[tuple[Path, list[alignment.Links]]]
) -> None:
  pairs = list(text_files.pairs((arguments.source, arguments.target)))
  for path, lines in read:
    if len(lines) != len(pairs):
      raise UserError(f"{path} has {len(lines)} lines but {arguments.source} has {len(pairs)}")
    for number, (links, (source, target)) in enumerate(zip(lines, pairs, strict=True), 1):
      where = f"{path}, line {number}"
      alignment.check_range(links, len(spaced(source)), len(spaced(target)), where)


def _numbers(lines: str) -> set[int]:
  try:
    numbers = {int(number) for number in lines.split(",")}
  except ValueError:
    numbers = set()
  if not numbers or min(numbers) < 1:
    raise UserError(f"--lines {lines}: give line numbers from 1, such as 1,2,3")
  return numbers


def _figure_path(figure: Path, number: int, figures: int) -> Path:
  return figure if figures == 1 else figure.with_stem(f"{figure.stem}-{number}")


def _parser() -> Parser:
  parser = Parser("align", __doc__)
  add = parser.add_argument
  parser.add_run(required=False)
  add("--source", type=Path, help="source sentences, one a line, or .gz; - is stdin")
  add("--target", type=Path, help="their translations, likewise")
  add("--pretokenized", action="store_true", help="words are what spaces separate")
  add("--method", default="agreement", choices=alignment.METHODS)
  add("--posterior", action="store_true", help="weights that know the target word, too (slower)")
  add("--threshold", type=weight, default=0.5, help="least weight of a link (default 0.5)")
  add("--links", type=Path, help="score this file of links instead of making some")
  add("--reverse", action="store_true", help="--links holds target-source, not source-target")
  add("--backward", type=Path, help="target-source links of the other direction, to put together")
  add("--combine", default="grow-diagonal", choices=symmetrisation.RULES, help="by which rule")
  add("--gold", type=Path, help="gold links: i-j sure, ipj possible")
  add("--json", type=Path, help="also write the scores here")
  add(
    "--figure",
    type=Path,
    help="draw the matrix of --lines (.png, .pdf or .svg; gold links outlined)",
  )
  add("--lines", default="1", help="which lines to draw, from 1: 1,2,3 gives F-1.png and so on")
  return parser


if __name__ == "__main__":
  entry(main, pipe=True)
