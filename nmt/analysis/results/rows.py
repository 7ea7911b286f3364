"""Runs -> rows: one for each configuration, with its mean, its interval and its difference."""

from collections.abc import Sequence

from nmt.analysis.results import own
from nmt.analysis.results.differences import compare, find_baselines, settle
from nmt.analysis.results.means import describe, sentences
from nmt.analysis.results.study import Run, Study
from nmt.analysis.results.table import SCORES, Options, Row, Table
from nmt.config import PLACES
from nmt.errors import UserError, nearest

_ELSEWHERE = (
  *PLACES,
  "valid.keep",
  "valid.keep_at",
  "valid.keep_tenfold",
)  # no part of what a run computes
IGNORED = ("seed", *_ELSEWHERE)
MOST_KEYS = 5  # more columns of keys than these, and a row has one name


def tabulate(study: Study, options: Options) -> Table:
  """Groups, resamples and compares; raises UserError for a key or a row that there is not."""
  if options.metric not in SCORES:
    known = ", ".join(SCORES)
    raise UserError(
      f"there is no metric {options.metric}{nearest(options.metric, SCORES)}; metrics are: {known}"
    )
  if not study.runs:
    reasons = "; ".join(f"{name}: {reason}" for name, reason in study.missing.items())
    raise UserError(f"{study.folder}: no run is done: {reasons}")
  notes = list(study.notes)
  keys, rows = _group(study, options.group, notes)
  tests = sentences(study.runs, options)
  for row in rows:
    describe(row, options.metric, tests, notes)
  _, lower = SCORES[options.metric]
  table = Table(study, options.metric, lower, keys, rows, notes, _signatures(study.runs))
  own.add(table)
  find_baselines(table, options.baseline)
  found = [
    compare(row, row.against, options, tests, lower, notes)
    for row in rows
    if row.against is not None
  ]
  settle([one for one in found if one is not None])
  return table


def _group(
  study: Study, group: tuple[str, ...] | None, notes: list[str]
) -> tuple[list[str], list[Row]]:
  configs = {run.name: run.config for run in study.runs}
  known = list(dict.fromkeys(key for config in configs.values() for key in config))
  for key in group or ():
    if key not in known:
      raise UserError(f"--group: the runs have no key {key}{nearest(key, known)}")

  def differing(keys: Sequence[str]) -> list[str]:
    return [key for key in keys if len({repr(config.get(key)) for config in configs.values()}) > 1]

  apart = list(group) if group else differing([key for key in known if key not in IGNORED])
  inside = [key for key in differing(known) if key not in apart and key not in _ELSEWHERE]
  rows: dict[str, Row] = {}
  for run in study.runs:
    label = {key: run.config.get(key) for key in apart}
    unit = tuple(run.config.get(key) for key in inside)
    row = rows.setdefault(repr(label), Row(label, {}))
    if unit in row.runs:
      first = row.runs[unit].name
      notes.append(f"{run.name} has the config and the seed of {first}, and is not counted again.")
      continue
    row.runs[unit] = run
  found = list(rows.values())
  shown = apart if group else _telling(study, apart, found)
  for row in found:
    row.label = {key: row.label[key] for key in shown}
  if not group and len(shown) > MOST_KEYS:
    _name(study, found)
  if group and inside and inside != ["seed"]:
    notes.append(f"Inside a row differ: {', '.join(inside)}.")
  return shown, found


def _telling(study: Study, keys: list[str], rows: list[Row]) -> list[str]:
  """Of the keys that differ, those that the study set, where these tell all rows apart.

  The others follow them: the options of a kind that another kind does not have, say.
  """
  chosen = {key for point in study.points.values() for key in point}
  few = [key for key in keys if key in chosen]
  return few if len({repr([row.label[key] for key in few]) for row in rows}) == len(rows) else keys


def _name(study: Study, rows: list[Row]) -> None:
  """Names each row as the study names its runs, less the seed and what all names share."""
  steps = {run.name: run.name.split(",") for run in study.runs if run.name in study.points}
  if len(steps) < len(study.runs):
    return
  everywhere = set.intersection(*map(set, steps.values()))
  for run in study.runs:
    dropped = {*everywhere, f"seed={run.config['seed']}"}
    steps[run.name] = [step for step in steps[run.name] if step not in dropped]
  names = [{",".join(steps[run.name]) for run in row.runs.values()} for row in rows]
  if all(len(found) == 1 for found in names) and len(set.union(*names)) == len(rows):
    for row, found in zip(rows, names, strict=True):
      row.called = found.pop() or "base"


def _signatures(runs: Sequence[Run]) -> list[str]:
  """Of BLEU and chrF, each once."""
  found = {
    f"{name}: {run.scores[key]['signature']}": None
    for name, key in (("BLEU", "bleu"), ("chrF", "chrf"))
    for run in runs
    if "signature" in run.scores[key]
  }
  return list(found)
