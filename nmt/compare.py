"""Compares the translations that runs left of a test set: python -m nmt.compare RUN RUN...

The first run is what the others are compared with. RUN is a run's folder, or a folder of
nmt.evaluate (W/evaluations/NAME, or what --out named). Nothing is translated anew.

Says whether the difference may be chance (paired bootstrap and approximate randomisation over the
sentences), where it comes from (by length of the source, by how often a word was seen in training),
and shows the sentences that differ most, side by side.
"""

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nmt import cli
from nmt.arguments import Parser, positive
from nmt.errors import UserError
from nmt.files import check_output, read_json, write_json


class _System(NamedTuple):
  name: str
  folder: Path  # of the texts
  home: Path | None  # of the run, if it is known


def main(argv: Sequence[str]) -> int:
  arguments = _parser().parse_args(argv)
  if len(arguments.runs) < 2:
    raise UserError("there is nothing to compare: name two runs or more")
  check_output("--json", arguments.json)
  systems = _systems(arguments.runs)
  split = arguments.split or _common_split(systems)

  from nmt.analysis import comparison_tables
  from nmt.analysis.comparison import Task, compare
  from nmt.evaluation import results

  texts = {one.name: results.texts(one.folder, split) for one in systems}
  first = systems[0]
  for one in systems:
    _check(texts[first.name], texts[one.name], first, one)
  task = Task(
    texts[first.name]["source"], texts[first.name]["references"], _tokenizer(systems, split)
  )
  found = {"split": split} | compare(
    task,
    {name: lines["hypotheses"] for name, lines in texts.items()},
    _frequency(systems, task.tokenizer),
    arguments.sentences,
  )
  if arguments.json:
    write_json(arguments.json, found)
  comparison_tables.show(cli.console(), found)
  return 0


def _systems(runs: Sequence[Path]) -> list[_System]:
  """Where the texts of each run are; names are what their paths do not share."""
  names = [os.path.normpath(path) for path in runs]
  if len(set(names)) < len(names):
    raise UserError("a run is named twice: name two that differ")
  if len({os.path.basename(name) for name in names}) == len(names):
    names = [os.path.basename(os.path.abspath(name)) for name in names]
  found = []
  for name, path in zip(names, runs, strict=True):
    if not path.is_dir():
      raise UserError(f"{path}: no such folder")
    if (path / "config.json").exists():
      found.append(_System(name, path / "test", path))
    else:
      home = next((up for up in path.resolve().parents if (up / "config.json").exists()), None)
      found.append(_System(name, path, home))
  return found


def _common_split(systems: Sequence[_System]) -> str:
  """The split that all of them translated, `test` if there are several."""
  from nmt.evaluation.results import stem

  shared: set[str] | None = None
  for one in systems:
    here = {path.name.removesuffix(".hypotheses") for path in one.folder.glob("*.hypotheses")}
    if not here:
      raise UserError(f"{one.folder}: there are no translations; python -m nmt.evaluate makes some")
    shared = here if shared is None else shared & here
  if not shared:
    raise UserError("there is no split that all of them translated; see --split")
  splits = sorted(shared)
  chosen = splits[0] if len(splits) == 1 else "test"
  if chosen not in splits:
    raise UserError(f"choose one of their splits: --split={' or --split='.join(splits)}")
  return chosen if stem(chosen) == chosen else _unstem(chosen)


def _unstem(name: str) -> str:
  return re.sub("%([0-9A-F]{2})", lambda match: chr(int(match[1], 16)), name)


def _check(
  wanted: dict[str, list[str]], found: dict[str, list[str]], first: _System, other: _System
) -> None:
  """UserError unless both translated the same sentences, with the same references."""
  for key in ("source", "references"):
    if len(wanted[key]) != len(found[key]):
      raise UserError(
        f"{other.name} has {len(found[key])} lines of {key}, {first.name} has {len(wanted[key])}: "
        "these are different test sets"
      )
    differing = [n for n, pair in enumerate(zip(wanted[key], found[key], strict=True), 1)
                 if pair[0] != pair[1]]  # fmt: skip
    if differing:
      raise UserError(
        f"{other.name} and {first.name} differ in {len(differing)} lines of {key}, first in line "
        f"{differing[0]}: these are different test sets"
      )
  if len(found["hypotheses"]) != len(found["references"]):
    raise UserError(
      f"{other.folder}: {len(found['hypotheses'])} translations of {len(found['references'])} "
      "sentences"
    )


def _tokenizer(systems: Sequence[_System], split: str) -> str:
  """sacreBLEU's tokenizer, from the signature of the first BLEU that is recorded."""
  from nmt.evaluation.bleu import tokenizer_of
  from nmt.evaluation.results import stem

  found = {}
  for one in systems:
    path = one.folder / f"{stem(split)}.json"
    scores: Any = read_json(path) if path.exists() else {}
    if signature := scores.get("bleu", {}).get("signature"):
      found[one.name] = tokenizer_of(str(signature))
  if len(set(found.values())) > 1:
    shown = ", ".join(f"{name} {tokenizer}" for name, tokenizer in found.items())
    first = next(iter(found.values()))
    print(f"their BLEU was counted with different tokenizers ({shown}); here {first} is used",
          file=sys.stderr)  # fmt: skip
  return next(iter(found.values()), "13a")


def _frequency(systems: Sequence[_System], tokenizer: str) -> dict[str, int] | None:
  """Of the words in the training data of the first run whose data can be read, else None."""
  from nmt import config as config_lib
  from nmt.evaluation import frequency

  reason = "no folder of a run is known"
  for one in systems:
    if one.home is None:
      continue
    try:
      return frequency.training(config_lib.load(one.home / "config.json").data, tokenizer)
    except UserError as e:
      reason = str(e)
  print(f"nothing by frequency in training: {reason}", file=sys.stderr)
  return None


def _parser() -> Parser:
  parser = Parser("compare", __doc__)
  add = parser.add_argument
  add("runs", nargs="*", type=Path, metavar="RUN", help="folders of runs or of evaluations")
  add("--split", help="the test split (default: the one that all have)")
  add("--sentences", type=positive, default=5, help="to show, each way (default: 5)")
  add("--json", type=Path, help="write all of it here too")
  return parser


if __name__ == "__main__":
  cli.entry(main)
