"""Whether a run is whole and sound: its files, checkpoints and numbers, and what its units do.

Exit code 1 if there is a fault: a file that is missing or damaged, an array that differs from what
was saved, a number that is not finite. Remarks are no faults, unless --strict is given:
  dead units      move by no more than 0.001 over all positions of the sentences
  gates           more than 95 % of one are below 0.1 or above 0.9 (Karpathy et al., 2015)
  words           whose vectors are as they were drawn; with --words those that the training data
                  don't have
W stands for all checkpoints of a run, W@UPDATE for one; units are looked at in the best, or
that one, on sentences of the validation split with their references given.
"""

import argparse
import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nmt import config as config_lib
from nmt import digests
from nmt.analysis import translated
from nmt.analysis.losses import SENTENCES
from nmt.analysis.place import HELP, Place, place, weights_of
from nmt.arguments import positive
from nmt.data.ids import SPECIAL, UNK
from nmt.data.pipeline import load_tokenizers, prepare
from nmt.data.tokenizers import Tokenizer
from nmt.decoding.trained import Run
from nmt.errors import UserError, first_line
from nmt.exit_codes import DONE, FAILED
from nmt.files import read_json
from nmt.workdir import Workdir

FINE, REMARK, FAULT = "fine", "remark", "fault"
_STILL = 1e-3  # a unit that moves no further is dead
_SATURATED = 0.95  # a gate of which a larger share is shut or open is remarked on
_SHOWN = 5  # names in a line


@dataclasses.dataclass(frozen=True)
class Finding:
  """One thing that was looked at. state: fine, remark or fault; detail: in words."""

  what: str
  state: str
  detail: str


@dataclasses.dataclass(frozen=True)
class Check:
  """All that was looked at; strict: whether remarks count as faults."""

  name: str
  findings: list[Finding]
  strict: bool = False


def arguments(parser: argparse.ArgumentParser) -> None:
  """The options of this verb."""
  add = parser.add_argument
  add("run", metavar="W", help=HELP)
  add("--sentences", type=positive, default=SENTENCES, help=f"(default: {SENTENCES})")
  add("--files", action="store_true", help="files and arrays alone: don't run the model")
  add("--words", action="store_true", help="count words in the training data, which are read")
  add("--strict", action="store_true", help="exit 1 for remarks too")


def run(given: argparse.Namespace) -> Check:
  """Runs the verb as the command line asks for it."""
  one = place(given.run)
  findings = list(files(one))
  if not given.files and not any(finding.state == FAULT for finding in findings):
    loaded = one.load()
    findings += units(loaded, given.sentences)
    findings += words(loaded, one.home if given.words else None)
  return Check(one.name, findings, given.strict)


def code(found: Check) -> int:
  """1 if there is a fault, or with --strict a remark."""
  bad = {FAULT, REMARK} if found.strict else {FAULT}
  return FAILED if any(finding.state in bad for finding in found.findings) else DONE


def show(console: Console, found: Check) -> None:
  """Prints a row for each finding, and how many faults and remarks there are."""
  table = Table(box=box.SIMPLE, show_header=False)
  table.add_column("what")
  table.add_column("state")
  table.add_column("detail", overflow="fold")
  styles = {FINE: "green", REMARK: "yellow", FAULT: "bold red"}
  for finding in found.findings:
    table.add_row(
      Text(finding.what), Text(finding.state, style=styles[finding.state]), Text(finding.detail)
    )
  console.print(table)
  states = [finding.state for finding in found.findings]
  faults, remarks = (_many(states.count(state), state) for state in (FAULT, REMARK))
  console.print(f"{found.name}: {faults}, {remarks}", markup=False, highlight=False, soft_wrap=True)


def files(one: Place) -> Iterator[Finding]:
  """Of the files of a run, and the arrays of its checkpoints. UserError: there is no such run."""
  from nmt.training import inspection
  from nmt.training.checkpoints import updates

  home = one.home
  yield from _texts(home)
  try:
    config = config_lib.load(home.config)
    sides = load_tokenizers(home.tokenizers, config.data.normalize)
  except UserError as e:
    yield Finding("config and tokenizers", FAULT, str(e))
    return
  yield Finding("config and tokenizers", FINE, "legible")
  aside = home.checkpoints.with_name(f"{home.checkpoints.name}.damaged")
  if aside.is_dir() and any(aside.iterdir()):
    yield Finding("checkpoints.damaged", REMARK, "training has put damaged checkpoints aside")
  there = updates(home.checkpoints)
  if not there:
    yield Finding("checkpoints", REMARK, "none yet")
    return
  if one.which != "best":
    there = [inspection.facts(home.checkpoints, one.which).update]
  needed = inspection.TO_LOAD if _made(home) else inspection.TO_GO_ON
  for update in there:
    yield from _checkpoint(home, config, sides, update, needed)


def _made(home: Workdir) -> bool:
  """Whether nmt.analyze made the run, so that there is no optimizer."""
  try:
    return "made_of" in read_json(home.provenance)
  except UserError:
    return False


def _texts(home: Workdir) -> Iterator[Finding]:
  """JSON, lines of metrics and results: whether they can be read."""
  single = (home.provenance, home.status_file, home.data, home.cost, home.start)
  faults: list[str] = []
  count = 0
  for path in [*single, *sorted(home.test.glob("*.json")), *home.evaluations.rglob("*.json")]:
    if path.exists():
      count += 1
      faults += _fault(lambda path=path: read_json(path))
  if not home.provenance.exists():
    faults.append("provenance.json is missing")
  yield _summary("JSON", faults, f"{count} files legible")
  if home.metrics.exists():
    lines = home.metrics.read_bytes().splitlines()
    broken = [number for number, line in enumerate(lines, 1) if not _is_json(line)]
    shown = ", ".join(map(str, broken[:_SHOWN]))
    faults = [f"line {shown} of metrics.jsonl is not JSON"] if broken else []
    yield _summary("metrics", faults, f"{len(lines)} lines legible")


def _checkpoint(
  home: Workdir,
  config: Any,
  sides: tuple[Tokenizer, Tokenizer],
  update: int,
  needed: tuple[str, ...],
) -> Iterator[Finding]:
  from nmt.training import inspection

  what = f"checkpoint {update}"
  folder = home.checkpoints / str(update)
  facts = inspection.facts(home.checkpoints, update, needed)
  faults = list(dict.fromkeys([*digests.verify(folder), *facts.faults]))
  recorded = "files are those saved" if (folder / digests.NAME).exists() else "older than digests"
  yield _summary(what, faults, recorded)
  if faults:
    return
  damaged, wild, numbers = [], [], 0
  sizes = sides[0].size, sides[1].size
  for key, tree in inspection.trees(config, sizes, home.checkpoints, update):
    if isinstance(tree, str):
      damaged.append(f"{key}: {tree}")
      continue
    for name, array in tree.items():
      numbers += array.size
      if count := int(np.sum(~np.isfinite(np.asarray(array, np.float64)))):
        wild.append(f"{key}.{name} ({count})")
  yield _summary(f"{what}, arrays", damaged, f"{numbers:,} numbers as they were saved")
  yield _summary(f"{what}, NaN and infinity", wild, "none")


def units(run: Run, sentences: int = SENTENCES) -> Iterator[Finding]:
  """Of annotations, decoder states and gates on the run's validation split."""
  from nmt.analysis.activations import positions
  from nmt.analysis.gates import saturations, together

  try:
    ids = translated.sample(run, run.config.data.valid, sentences).encoded()
  except UserError as e:
    yield Finding("units", REMARK, f"not looked at: {e}")
    return
  found = positions(run, ids)
  for what, activity in (("annotations", found.h_NxD), ("decoder states", found.s_MxN)):
    dead = still(activity)
    count, n = len(dead), activity.shape[1]
    detail = f"{count} of {n} dead over {len(activity):,} positions"
    if count:
      detail += f": {_some(dead)}"
    yield Finding(f"units of {what}", REMARK if count else FINE, detail)
  gates = saturations(run, ids)
  for side in ("encoder", "decoder"):
    if (every := together(gates, side)) is not None:
      stuck = [
        f"{cell} {gate} ({one.shut:.0%} shut, {one.open:.0%} open)"
        for (cell, gate), one in gates.items()
        if cell.startswith(f"{side}.") and one.shut + one.open > _SATURATED
      ]
      detail = f"{every.shut:.0%} shut, {every.open:.0%} open"
      if stuck:
        detail += f": {_some(stuck)}"
      yield Finding(f"gates of the {side}", REMARK if stuck else FINE, detail)


def still(activity_NxD: np.ndarray) -> list[int]:
  """The units, from 0, that move by no more than 0.001 over all positions."""
  return [int(unit) for unit in np.flatnonzero(np.ptp(activity_NxD, axis=0) <= _STILL)]


def words(run: Run, home: Workdir | None = None) -> Iterator[Finding]:
  """Of word vectors: which are as drawn, and with its folder which words the training data lack."""
  weights = weights_of(run)
  start, decay = run.config.train.start, run.config.train.optimizer.weight_decay
  drawn = {} if start.run or start.source_vectors or start.target_vectors else weights.drawn()
  for name, side in (("encoder.E_x", run.source), ("decoder.E_y", run.target)):
    if name in drawn and not decay:
      rows = untrained(weights.arrays[name], drawn[name])
      yield _words(f"words never trained, {name}", rows, side)
  if home is None:
    return
  try:
    store = prepare(run.config.data, home.tokenizers).train
  except UserError as e:
    yield Finding("words not in the training data", REMARK, f"not counted: {e}")
    return
  for name, side in (("source", run.source), ("target", run.target)):
    rows = [int(row) for row in np.flatnonzero(store.counts(name, side.size) == 0)]
    yield _words(f"words not in the training data, {name}", rows, side)


def untrained(now_VxM: np.ndarray, drawn_VxM: np.ndarray) -> list[int]:
  """The rows, other than of PAD, BOS and EOS, that are as they were drawn, to rounding."""
  alike = np.isclose(now_VxM, drawn_VxM, rtol=1e-5, atol=1e-8).all(axis=1)
  return [int(row) for row in np.flatnonzero(alike) if row >= UNK]


def _words(what: str, rows: list[int], side: Tokenizer) -> Finding:
  rows = [row for row in rows if row >= UNK]
  detail = f"{len(rows)} of {side.size - len(SPECIAL) + 1}"
  if rows:
    detail += f": {_some(side.pieces(rows[:_SHOWN]), len(rows))}"
  return Finding(what, REMARK if rows else FINE, detail)


def _summary(what: str, faults: list[str], fine: str) -> Finding:
  return Finding(what, FAULT, _some(faults, sep="; ")) if faults else Finding(what, FINE, fine)


def _some(names: Any, of: int = 0, sep: str = ", ") -> str:
  """The first few, and how many more there are."""
  shown = sep.join(map(str, names[:_SHOWN]))
  more = (of or len(names)) - len(names[:_SHOWN])
  return f"{shown} and {more} more" if more > 0 else shown


def _fault(read: Any) -> list[str]:
  try:
    read()
  except (UserError, OSError) as e:
    return [first_line(e)]
  return []


def _is_json(line: bytes) -> bool:
  try:
    json.loads(line)
  except ValueError:
    return False
  return True


def _many(count: int, word: str) -> str:
  return f"{count} {word}{'' if count == 1 else 's'}"
