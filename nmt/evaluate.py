"""Scores of a trained run: BLEU, chrF, perplexity and, with gold links, alignment error rate.

  python -m nmt.evaluate --workdir W                              the config's test splits
  python -m nmt.evaluate --workdir W --source S --reference R     any two files, one sentence a line

Prints a table and writes W/test/<split>.json beside the translations; for files, the name of the
source file stands for the split. --json F writes the scores to F as well.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from nmt.cli import entry
from nmt.data import text_files
from nmt.data.pair import Pair
from nmt.errors import UserError
from nmt.workdir import Workdir, check_output, write_json


def main(argv: Sequence[str]) -> int:
  arguments = _parser().parse_args(argv)
  if bool(arguments.source) != bool(arguments.reference):
    raise UserError("--source and --reference go together")
  if arguments.source and arguments.split:
    raise UserError("--split names a split of the config's corpus: leave out --source")
  files = (arguments.source, arguments.reference)
  check_output("--json", arguments.json)
  if arguments.source:
    with text_files.checked(files) as (_, given):  # before the model is loaded
      named = {arguments.source.name: [Pair(*pair) for pair in given]}

  from nmt.data.corpora import open_corpus
  from nmt.evaluation.report import report
  from nmt.run import load

  run = load(arguments.workdir, arguments.which)
  decode = run.config.decode.copy_and_resolve_references()
  for key in ("beam", "length_penalty", "batch"):
    if (value := getattr(arguments, key)) is not None:
      decode[key] = value
  decode.forbid_unk = decode.forbid_unk or arguments.forbid_unk
  if decode.beam < 1 or decode.batch < 1:
    raise UserError("--beam and --batch are at least 1")

  if not arguments.source:
    splits = arguments.split or run.config.data.test
    corpora = {split: open_corpus(run.config.data, split) for split in splits}
    named = {split: corpus.read(range(len(corpus))) for split, corpus in corpora.items()}
  folder = Workdir(arguments.workdir).test
  found = [report(run, name, pairs, folder, decode=decode) for name, pairs in named.items()]
  if arguments.json:
    write_json(arguments.json, found[0] if len(found) == 1 else found)
  return 0


def _parser() -> argparse.ArgumentParser:
  parser = argparse.ArgumentParser(
    prog="python -m nmt.evaluate",
    description=__doc__,
    formatter_class=argparse.RawDescriptionHelpFormatter,
    allow_abbrev=False,
  )
  add = parser.add_argument
  add("--workdir", type=Path, required=True, help="folder of the trained run")
  add("--which", default="best", help="checkpoint: best (default), last, or an update's number")
  add("--source", type=Path, help="source sentences, one a line, or .gz; - is stdin")
  add("--reference", type=Path, help="their reference translations")
  add("--split", action="append", help="a split of the config's corpus (default: its test splits)")
  add("--beam", type=int, help="beam width (default: the config's)")
  add("--length-penalty", type=float, help="score = log p / length ** this (default: the config's)")
  add("--batch", type=int, help="sentences translated together (default: the config's)")
  add("--forbid-unk", action="store_true", help="never write [UNK]")
  add("--json", type=Path, help="write the scores here too")
  return parser


if __name__ == "__main__":
  entry(main)
