"""Scores of a trained run: BLEU, chrF, perplexity and, with gold links, alignment error rate.

  python -m nmt.evaluate --workdir W                              the config's test splits
  python -m nmt.evaluate --workdir W --source S --reference R     any two files, one sentence a line

Prints a table, and writes scores and translations to a folder:

  W/test                  a test split of the config with its own settings, as training does,
                          unless results of another checkpoint are there
  W/evaluations/<name>    all else; the name says which files (and a hash of what is in them),
                          update and settings, so that no result is written over another
  --out DIR               wherever is asked for, where no results of that name are yet

--json F writes the scores to F as well.
"""

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nmt.arguments import Parser, changed, search_given
from nmt.cli import entry
from nmt.config import BLEU_TOKENIZERS
from nmt.data import text_files
from nmt.data.pair import Pair
from nmt.errors import UserError
from nmt.evaluation.results import Unwritten, check, stem
from nmt.files import check_output, read_json, write_json
from nmt.workdir import Workdir


def main(argv: Sequence[str]) -> int:
  arguments = _parser().parse_args(argv)
  if bool(arguments.source) != bool(arguments.reference):
    raise UserError("--source and --reference go together")
  if arguments.source and arguments.split:
    raise UserError("--split names a split of the config's corpus: leave out --source")
  files = (arguments.source, arguments.reference)
  check_output("--json", arguments.json)
  if arguments.out:
    check(arguments.out, "choose another --out")
  if arguments.source:
    with text_files.checked(files) as (_, given):  # before the model is loaded
      named = {arguments.source.name: [Pair(*pair) for pair in given]}

  from nmt.analysis.publish import publish
  from nmt.data.corpora import open_corpus
  from nmt.evaluation.report import report
  from nmt.loading import load

  run = load(arguments.workdir, arguments.which)
  changes = search_given(arguments)
  decode = changed(run.config.decode, changes)
  if arguments.tokenizer:
    run.config.evaluation.tokenizer = changes["tokenizer"] = arguments.tokenizer
  own = not (arguments.source or arguments.out or changes) and arguments.which == "best"

  if not arguments.source:
    splits = arguments.split or run.config.data.test
    corpora = {split: open_corpus(run.config.data, split) for split in splits}
    named = {split: corpus.read(range(len(corpus))) for split, corpus in corpora.items()}
  home = Workdir(arguments.workdir)
  for name in named if arguments.out else ():
    if (there := arguments.out / f"{stem(name)}.json").exists():
      raise UserError(f"{there}: results are there already; choose another --out")
  changes = {"update": run.update, **changes}
  found, faults = [], []
  for name, pairs in named.items():
    if own and name in run.config.data.test and _update(home.test, name) in (None, run.update):
      folder = home.test
    else:
      folder = arguments.out or home.evaluations / _name(arguments, pairs, changes)
    check(folder, "choose a place that can be")
    this = report(run, name, pairs, decode=decode)
    found.append(this.scores)
    try:
      publish(this, folder)
    except Unwritten as e:
      faults.append(str(e))
  if arguments.json:
    write_json(arguments.json, found[0] if len(found) == 1 else found)
  if faults:
    raise UserError("; ".join(faults))
  return 0


def _update(folder: Path, split: str) -> int | None:
  """The update whose results of the split are in the folder; None if there are none."""
  path = folder / f"{stem(split)}.json"
  return read_json(path).get("update") if path.exists() else None


def _name(arguments: argparse.Namespace, pairs: Sequence[Pair], changes: dict[str, Any]) -> str:
  """What was evaluated and how, as the name of a folder."""
  parts = [f"{key}={value}" for key, value in changes.items()]
  if arguments.source:
    text = "".join(f"{pair.source}\n{pair.target}\n" for pair in pairs)
    mark = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
    name = "stdin" if arguments.source == text_files.STDIN else arguments.source.name
    parts = [f"{stem(name)}-{mark}", *parts]
  return ",".join(parts)


def _parser() -> Parser:
  parser = Parser("evaluate", __doc__)
  add = parser.add_argument
  parser.add_run()
  add("--source", type=Path, help="source sentences, one a line, or .gz; - is stdin")
  add("--reference", type=Path, help="their reference translations")
  add("--split", action="append", help="a split of the config's corpus (default: its test splits)")
  parser.add_search()
  add("--tokenizer", choices=BLEU_TOKENIZERS, help="sacreBLEU's (default: by the target language)")
  add("--out", type=Path, help="the folder for scores and translations")
  add("--json", type=Path, help="write the scores here too")
  return parser


if __name__ == "__main__":
  entry(main)
