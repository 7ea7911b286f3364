"""What a row is compared with, and the difference: of the same seeds, on the same sentences."""

from typing import Any

import numpy as np

from nmt.analysis.results.means import Tests, resampled, same_test
from nmt.analysis.results.study import Flat
from nmt.analysis.results.table import SEED, Options, Row, Table
from nmt.errors import UserError
from nmt.evaluation import significance


def find_baselines(table: Table, asked: str | None) -> None:
  """Says of each row what it is compared with, or in the table's notes why with nothing.

  A baseline is a row: the one named, or the one that has the values named. Where several have them,
  each other row is compared with the one that has its own values of all other keys.
  """
  if asked is None and table.study.baseline is None:
    if len(table.rows) > 1:
      table.notes.append("No row is the baseline: --baseline names one to compare the others with.")
    return
  wanted, matching = _asked(table, asked) if asked is not None else _planned(table)
  for row in matching:
    row.is_baseline = True
  others = [key for key in table.keys if key not in wanted]
  for row in table.rows:
    if row.is_baseline:
      continue
    like = (
      matching
      if len(matching) == 1
      else [one for one in matching if all(one.label[key] == row.label[key] for key in others)]
    )
    if len(like) == 1:
      row.against = like[0]
    elif matching:
      table.notes.append(
        f"{row.name}: not compared, for {len(like)} baselines have its values of all other keys."
      )


def _asked(table: Table, asked: str) -> tuple[Flat, list[Row]]:
  named = [row for row in table.rows if asked in [run.name for run in row.runs.values()]]
  if named:
    return {}, named
  wanted = dict(pair.partition("=")[::2] for pair in asked.split(","))
  if matching := _having(table, wanted):
    return wanted, matching
  names = ", ".join(run.name for row in table.rows for run in row.runs.values())
  raise UserError(
    f"--baseline={asked} fits no row; name a run ({names}) or values of keys (KEY=VALUE,...)"
  )


def _planned(table: Table) -> tuple[Flat, list[Row]]:
  """The baseline of the study: a point of exactly these overrides, or those that have them."""
  points = {name: _seedless(point) for name, point in table.study.points.items()}
  wanted = _seedless(table.study.baseline or {})
  exact = [
    row for row in table.rows if all(points.get(run.name) == wanted for run in row.runs.values())
  ]
  if len(exact) == 1:
    return wanted, exact
  matching = _having(table, wanted) if wanted else []
  if not matching:
    shown = ", ".join(f"{key}={value}" for key, value in wanted.items()) or "the config as it is"
    table.notes.append(f"The baseline ({shown}) has no run that is done: nothing is compared.")
  return wanted, matching


def _seedless(overrides: Flat) -> Flat:
  return {key: value for key, value in overrides.items() if key != "seed"}


def _having(table: Table, wanted: Flat) -> list[Row]:
  """The rows all of whose runs have these values."""
  return [
    row
    for row in table.rows
    if all(_same(run.config, key, wanted[key]) for run in row.runs.values() for key in wanted)
  ]


def _same(config: Flat, key: str, value: Any) -> bool:
  """JSON has no tuples, and a command line no types."""
  if key not in config:
    return False
  own = config[key]
  own = list(own) if isinstance(own, tuple) else own
  return bool(own == value) or str(own) == str(value)


def compare(
  row: Row, baseline: Row, options: Options, tests: Tests, lower: bool, notes: list[str]
) -> None:
  """Gives a row its difference to the baseline, or says in the notes why it has none."""
  if not row.points or not baseline.points:
    notes.append(f"{row.name}: not compared, for not all runs have {options.metric}.")
    return
  both = [*row.runs.values(), *baseline.runs.values()]
  if tests and same_test(both, tests) is None:
    notes.append(
      f"{row.name}: not compared, for its references or its BLEU's tokenizer are not those of the "
      "baseline."
    )
    return
  values = row.values
  scores = [dict(zip(one.runs, one.points, strict=True)) for one in (row, baseline)]
  common = [unit for unit in row.runs if unit in baseline.runs]
  ours, theirs = np.array(row.points), np.array(baseline.points)
  sign = -1 if lower else 1
  better = significance.probability_of_improvement(sign * ours, sign * theirs)
  values["probability_of_improvement"] = better
  p_swaps = None
  if common:
    pairs = [[one.runs[unit] for unit in common] for one in (row, baseline)]
    apart = np.array([scores[0][unit] - scores[1][unit] for unit in common])
    if len(common) < max(len(row.runs), len(baseline.runs)):
      notes.append(
        f"{row.name}: {len(row.runs)} runs against {len(baseline.runs)}; the difference is of the "
        f"{len(common)} seeds that both have."
      )
    drawn = None
    if test := same_test(both, tests):
      metric, counts, drawn_of = tests[test]
      drawn = np.stack(
        [drawn_of[a.name] - drawn_of[b.name] for a, b in zip(*pairs, strict=True)], axis=1
      )
      swapped, kept = ([counts[run.name] for run in runs] for runs in pairs)
      random = np.random.default_rng(SEED)
      p_swaps = significance.randomisation(metric.score, swapped, kept, options.trials, random)
    difference, spread = float(apart.mean()), significance.spread(apart, drawn)
  else:
    notes.append(f"{row.name}: no seed in common with the baseline; the difference is unpaired.")
    drawn_both = [resampled(list(one.runs.values()), tests) for one in (row, baseline)]
    whole = [one for one in drawn_both if one is not None]
    difference = float(ours.mean() - theirs.mean())
    spread = significance.unpaired([ours, theirs], whole if len(whole) == 2 else None)
  values["difference"], values["pairs"] = difference, len(common) or min(len(ours), len(theirs))
  values["paired"] = bool(common)
  if spread is not None:
    values["difference_low"], values["difference_high"] = spread.interval(difference)
    values["p_spread"] = spread.p(difference)
  values["p_randomisation"] = p_swaps
  found = [p for p in (values.get("p_spread"), p_swaps) if p is not None]
  values["p"] = max(found) if found else None
