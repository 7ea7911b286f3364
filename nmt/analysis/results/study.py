"""The runs of a folder: a study's (study.json says which), or whatever runs lie in it."""

import dataclasses
import hashlib
import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nmt import config as config_lib
from nmt.errors import UserError
from nmt.evaluation import results
from nmt.evaluation.bleu import tokenizer_of
from nmt.files import read_json
from nmt.workdir import Workdir

Flat = dict[str, Any]  # values by dotted config key


@dataclasses.dataclass(frozen=True)
class Run:
  """A finished run and its test results; `texts` are source, hypotheses and references."""

  name: str
  home: Path
  config: Flat
  scores: dict[str, Any]
  texts: dict[str, list[str]]
  costs: dict[str, Any]
  data: dict[str, Any]  # digests of its training and validation splits, by split
  commit: str  # of the code that it began with, shortened; empty if not known

  @property
  def tokenizer(self) -> str:
    """Of its BLEU, as sacreBLEU's signature has it."""
    return tokenizer_of(str(self.scores["bleu"].get("signature", "")))

  @property
  def test(self) -> str:
    """A hash of what its scores are relative to: the references, and the tokenizer of BLEU."""
    text = "\n".join([self.tokenizer, *self.texts["references"]])
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


@dataclasses.dataclass(frozen=True)
class Study:
  """What a folder holds. baseline: overrides; None if the study names none.

  file: the Python file that yields its points, as it was named from where it was launched.
  points: the overrides of each run by its name, where a study.json has them.
  missing: why a run is not in the table, by its name.
  """

  folder: Path
  file: Path | None
  name: str
  question: str
  metric: str
  split: str
  baseline: Flat | None
  points: dict[str, Flat]
  runs: list[Run]
  missing: dict[str, str]
  notes: list[str]


def read(folder: Path, split: str | None = None) -> Study:
  """Reads all runs that are done; raises UserError where the folder holds no run at all."""
  if not folder.is_dir():
    raise UserError(f"{folder}: no such folder; --workdir names that of a study or a run")
  declared = folder / "study.json"
  plan = _plan(declared) if declared.exists() else {}
  points: dict[str, Flat] = {
    name: _inside(folder, point) for name, point in plan.get("points", {}).items()
  }
  notes = []
  beside = sorted(path.parent.name for path in folder.glob("*/config.json"))
  if points:
    homes = {name: folder / name for name in points}
    if others := [name for name in beside if name not in points]:
      notes.append(
        f"Not of this study, and left out: {_listed(others)}, which study.json doesn't name."
      )
  elif (folder / "config.json").exists():
    homes = {folder.resolve().name: folder}
  else:
    homes = {name: folder / name for name in beside}
  if not homes:
    raise UserError(f"{folder}: there is neither a study.json nor a run (config.json) in it")
  split = split or plan.get("split") or _first_split(homes)
  runs, missing = [], {}
  for name, home in homes.items():
    try:
      run = _run(name, Workdir(home), split)
      runs.append(dataclasses.replace(run, config=_inside(folder, run.config)))
    except UserError as e:
      missing[name] = str(e)
  return Study(
    folder,
    Path(plan["study"]) if plan.get("study") else None,
    plan.get("name") or folder.resolve().name,
    plan.get("question") or "",
    plan.get("metric") or "bleu",
    split,
    _inside(folder, plan["baseline"]) if plan.get("baseline") is not None else None,
    points,
    runs,
    missing,
    notes,
  )


def _inside(folder: Path, values: Flat) -> Flat:
  """The values, paths in the folder from there on: it may be anywhere tomorrow."""
  start = f"{folder.resolve()}/"
  return {
    key: value.removeprefix(start) if isinstance(value, str) else value
    for key, value in values.items()
  }


def _plan(path: Path) -> dict[str, Any]:
  """A study.json whose parts have the types that they must have."""
  plan = read_json(path)
  if not isinstance(plan, dict):
    raise UserError(f"{path}: not a study; a study is a JSON object")
  for key in ("study", "name", "question", "metric", "split"):
    if not isinstance(plan.get(key, ""), str | None):
      raise UserError(f"{path}: {key} must be text, not {plan[key]!r}")
  baseline, points = plan.get("baseline"), plan.get("points", {})
  if baseline is not None and not isinstance(baseline, dict):
    raise UserError(f"{path}: baseline must be an object of config keys, not {baseline!r}")
  if not isinstance(points, dict) or not all(isinstance(p, dict) for p in points.values()):
    raise UserError(f"{path}: points must be an object of objects of config keys")
  return plan


def _first_split(homes: Mapping[str, Path]) -> str:
  """The first test split of the first run whose config can be read."""
  for home in homes.values():
    try:
      splits = config_lib.load(home / "config.json").data.test
    except UserError:
      continue
    if splits:
      return str(splits[0])
  return "test"


def _run(name: str, home: Workdir, split: str) -> Run:
  """Reads a run; UserError, which says what it lacks, for one that is not done."""
  if not home.config.exists():
    raise UserError("not started")
  status = home.read_status()
  if (state := status.get("state")) not in ("done", None):
    progress = f" at update {status['update']}" if "update" in status else ""
    reason = f": {status['reason']}" if "reason" in status else ""
    raise UserError(f"{state}{progress}{reason}")
  path = home.test / f"{results.stem(split)}.json"
  if not path.exists():
    raise UserError(f"not tested on {split}")
  scores = read_json(path)
  if not isinstance(scores, dict) or "bleu" not in scores or "chrf" not in scores:
    raise UserError(f"{path}: these are no scores of nmt.evaluate")
  texts = results.texts(home.test, split)
  if len(set(map(len, texts.values()))) > 1:
    counts = ", ".join(f"{len(lines)} {name}" for name, lines in texts.items())
    raise UserError(f"its texts have different numbers of lines: {counts}")
  config = config_lib.flatten(config_lib.load(home.config))
  return Run(name, home.path, config, scores, texts, _costs(home), _data(home), _commit(home))


def _costs(home: Workdir) -> dict[str, Any]:
  """What the run took: nothing is said of what it did not record."""
  costs: dict[str, Any] = {}
  if home.cost.exists():
    costs = dict(read_json(home.cost))
  speeds, seconds = [], None
  for line in metric_lines(home.metrics):
    timing = line.get("timing") or {}
    seconds = timing.get("training_seconds", seconds)
    if line.get("kind") == "train" and "target_tokens_per_second" in timing:
      speeds.append(timing["target_tokens_per_second"])
  if speeds:
    costs["target_tokens_per_second"] = statistics.median(speeds)
  if seconds is not None:
    costs["hours"] = seconds / 3600
  return costs


def _commit(home: Workdir) -> str:
  found = read_json(home.provenance) if home.provenance.exists() else {}
  git = (found.get("git") if isinstance(found, dict) else None) or {}
  if not git.get("commit"):
    return ""
  return f"{git['commit'][:10]}{' with changes' if git.get('dirty') else ''}"


def metric_lines(path: Path) -> list[dict[str, Any]]:
  """The whole lines of a file of JSON lines, which may be missing or end in half a line."""
  found = []
  if path.exists():
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
      try:
        value = json.loads(line)
      except ValueError:
        continue
      if isinstance(value, dict):
        found.append(value)
  return found


def _data(home: Workdir) -> dict[str, Any]:
  if not home.data.exists():
    return {}
  report = read_json(home.data)
  return {split: report[split].get("digest") for split in ("train", "valid") if split in report}


def _listed(names: list[str], most: int = 5) -> str:
  """A few of some names, and how many more there are."""
  more = f" and {len(names) - most} more" if len(names) > most else ""
  return ", ".join(names[:most]) + more
