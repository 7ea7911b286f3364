"""What a run is: its model, score, commit and data, whether it is whole and can go on.

`whole` means that the files of the checkpoint are there and have the content that was recorded when
it was saved (or, where it is older than such records, that they are there). python -m nmt.analyze
check reads the arrays too, and all checkpoints.
"""

import argparse
import dataclasses
import math
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nmt import config as config_lib
from nmt import digests
from nmt.analysis.place import HELP, Place, place
from nmt.files import read_json
from nmt.launching.status import duration, standing
from nmt.training.progress import Progress
from nmt.workdir import Workdir


@dataclasses.dataclass(frozen=True)
class Info:
  """What is known of a run; None or empty where it is not.

  resumable: whether the same command goes on with it; otherwise `obstacle` says why not.
  faults: what is missing or wrong in the checkpoint. facts: all else, by name.
  """

  name: str
  model: str
  config: str
  score: str
  commit: str
  data: str
  whole: bool
  faults: list[str]
  resumable: bool
  obstacle: str
  facts: dict[str, Any]

  def line(self) -> str:
    """All that matters, in one line."""
    whole = "whole" if self.whole else f"not whole ({'; '.join(self.faults)})"
    going = "can go on" if self.resumable else f"can't go on ({self.obstacle})"
    parts = [
      f"{self.model} ({self.config or 'a config without a name'})",
      self.score or "not scored yet",
      f"commit {self.commit or 'not known'}",
      self.data,
      whole,
      going,
    ]
    return "; ".join(parts)


def arguments(parser: argparse.ArgumentParser) -> None:
  """The options of this verb."""
  parser.add_argument("run", metavar="W", help=HELP)


def run(given: argparse.Namespace) -> Info:
  """Runs the verb as the command line asks for it."""
  return info(place(given.run))


def info(one: Place) -> Info:
  """What the folder of a run says of it. UserError: there is no such run or checkpoint."""
  from nmt.training import checkpoints, inspection

  home = one.home
  config = config_lib.load(home.config)
  flat = config_lib.flatten(config)
  provenance = read_json(home.provenance) if home.provenance.exists() else {}
  there = checkpoints.updates(home.checkpoints)
  progress: Progress | None = None
  faults = ["no checkpoint yet"]
  made_of = provenance.get("made_of")
  if there:
    needed = inspection.TO_LOAD if made_of else inspection.TO_GO_ON
    update, progress, faults = inspection.facts(home.checkpoints, one.which, needed)
    recorded = digests.verify(home.checkpoints / str(update))
    faults = list(dict.fromkeys([*recorded, *faults]))
  data = read_json(home.data) if home.data.exists() else {}
  state = standing(one.name, home)
  starts = [provenance, *provenance.get("resumed", [])]
  facts: dict[str, Any] = {
    "state": state.state,
    "update": progress.update if progress else None,
    "updates": config.train.updates,
    "hours": progress.seconds / 3600 if progress and not made_of else None,
    "cpu_hours": progress.cpu_seconds / 3600 if progress and not made_of else None,
    "checkpoints": there,
    "best_update": progress.best_update if progress else None,
    "seed": config.seed,
    "times_started": len(starts),
    **(read_json(home.cost) if home.cost.exists() else {}),
    "packages": {k: provenance.get("packages", {}).get(k) for k in ("jax", "flax", "nmt")},
    "digests": {split: data[split].get("digest") for split in ("train", "valid") if split in data},
    "made_of": made_of,
  }
  obstacle = _obstacle(home, state.state, bool(made_of), flat)
  return Info(
    name=one.name,
    model=_model(flat),
    config=_made(made_of) if made_of else _config_name(provenance.get("command", [])),
    score=_score(home, config.data.test, state.metric, state.best),
    commit=_commit(provenance.get("git") or {}),
    data=_data(flat, data),
    whole=not faults,
    faults=faults,
    resumable=not obstacle,
    obstacle=obstacle,
    facts=facts,
  )


def show(console: Console, found: Info) -> None:
  """Prints the line, and a row for each fact."""
  console.print(Text(found.line(), style="bold"), soft_wrap=True)
  table = Table(box=box.SIMPLE, show_header=False)
  table.add_column("fact", style="dim")
  table.add_column("value", overflow="fold")
  for name, value in found.facts.items():
    if value not in (None, {}, []):
      table.add_row(name.replace("_", " "), Text(_shown(name, value)))
  console.print(table)


def _shown(name: str, value: Any) -> str:
  if name.endswith("hours"):
    return duration(3600 * value)
  if name == "made_of":
    return _made(value)
  if name == "digests":
    return ", ".join(f"{split} {digest[:12]}" for split, digest in value.items() if digest)
  if isinstance(value, dict):
    return ", ".join(f"{key} {one}" for key, one in value.items() if one is not None)
  if isinstance(value, list):
    return ", ".join(map(str, value))
  if isinstance(value, int | float) and math.isfinite(value):
    return f"{value:,.0f}" if name not in ("seed", "update", "updates") else str(value)
  return str(value)


def _model(flat: dict[str, Any]) -> str:
  """The kinds of a model in words."""
  kind = flat["model.attention.kind"]
  attention = "no attention" if kind == "none" else f"{kind} attention"
  layers = flat["model.cell.layers"]
  cells = f"{flat['model.cell.kind']} of {flat['model.size']}"
  several = f" in {layers} layers" if layers > 1 else ""
  return f"{flat['model.encoder.kind']} encoder, {attention}, {cells}{several}"


def _config_name(command: list[str]) -> str:
  """The config file that the run was started with, and its variant: quickstart, rnnsearch:50."""
  for word in command:
    if word.startswith("--config="):
      file, _, variant = word.removeprefix("--config=").partition(":")
      return Path(file).stem + (f":{variant}" if variant else "")
  return ""


def _made(made_of: dict[str, Any]) -> str:
  """`average of a@100, b@100`, `swap of encoder: a@100, b@100`."""
  runs = ", ".join(f"{Path(one['run']).name}@{one['update']}" for one in made_of["of"])
  parts = made_of.get("parts")
  return f"{made_of['verb']} of {','.join(parts) + ': ' if parts else ''}{runs}"


def _score(home: Workdir, splits: tuple[str, ...], metric: str | None, best: float | None) -> str:
  """BLEU of each tested split, or else the best validation."""
  from nmt.evaluation.results import stem

  found = []
  for split in splits:
    path = home.test / f"{stem(split)}.json"
    if path.exists():
      found.append(f"BLEU {read_json(path)['bleu']['score']:.2f} on {split}")
  if found:
    return ", ".join(found)
  return "" if best is None else f"{metric} {best:.4g} in validation"


def _commit(git: dict[str, Any]) -> str:
  commit = git.get("commit") or ""
  return commit[:10] + (" with changes" if commit and git.get("dirty") else "")


def _data(flat: dict[str, Any], report: dict[str, Any]) -> str:
  """The corpus, its languages and how many pairs of it are trained on."""
  where = f" in {flat['data.dir']}" if flat["data.dir"] else ""
  pairs = report.get("train", {}).get("pairs")
  trained = "" if pairs is None else f", {pairs:,} pairs"
  return f"{flat['data.corpus']}{where} {flat['data.source']}-{flat['data.target']}{trained}"


def _obstacle(home: Workdir, state: str, made: bool, flat: dict[str, Any]) -> str:
  """Why the run can't go on; empty if it can."""
  if made:
    return "it has no optimizer; start another run from it with train.start.run"
  if state == "running":
    return "a live run holds it"
  if state == "done":
    longer = flat["train.schedule.name"] != "cosine"  # which ends where it was meant to
    return "done; with more train.updates it can" if longer else "done"
  if flat["data.dir"] and not Path(flat["data.dir"]).is_dir():
    return f"there is no folder {flat['data.dir']} here"
  return "" if home.provenance.exists() else "it has no provenance.json"
