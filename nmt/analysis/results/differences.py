"""What a row is compared with, and the difference: of the same seeds, on the same sentences."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nmt.analysis.results.means import Tests, resampled, same_test
from nmt.analysis.results.study import Flat
from nmt.analysis.results.table import SEED, Options, Row, Table
from nmt.errors import UserError
from nmt.evaluation import significance


def find_baselines(table: Table, asked: str | None) -> None:
  """Says of each row what it is compared with, or in the table's notes why with nothing.

  A baseline is a row: the one named, or the one that has the values named. Where several have them,
  each other row is compared with the one that has its own values of all other keys, those left
  aside that the baseline's kinds do not have.
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
      else [
        one for one in matching if all(one.label[key] in (None, row.label[key]) for key in others)
      ]
    )
    if len(like) == 1:
      row.against = like[0]
    elif matching:
      table.notes.append(
        f"{row.name}: not compared, for {len(like)} baselines have its values of all other keys."
      )


def _asked(table: Table, asked: str) -> tuple[Flat, list[Row]]:
  named = [
    row
    for row in table.rows
    if asked in (row.name, row.called, *(run.name for run in row.runs.values()))
  ]
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


class Difference(NamedTuple):
  """Of a row to its baseline. apart: of each pair of runs; None where no seed is in both.

  drawn: the same on resampled test sets (R x pairs). spread: from this row alone.
  p_swaps: by approximate randomisation; None where there are no counts a sentence.
  """

  row: Row
  value: float
  apart: np.ndarray | None
  drawn: np.ndarray | None
  spread: significance.Spread | None
  p_swaps: float | None


def compare(
  row: Row, baseline: Row, options: Options, tests: Tests, lower: bool, notes: list[str]
) -> Difference | None:
  """The difference of a row to its baseline; None, with a note that says why, if it has none."""
  if not row.points or not baseline.points:
    notes.append(f"{row.name}: not compared, for not all runs have {options.metric}.")
    return None
  both = [*row.runs.values(), *baseline.runs.values()]
  if tests and same_test(both, tests) is None:
    notes.append(
      f"{row.name}: not compared, for its references or its BLEU's tokenizer are not those of the "
      "baseline."
    )
    return None
  scores = [dict(zip(one.runs, one.points, strict=True)) for one in (row, baseline)]
  common = [unit for unit in row.runs if unit in baseline.runs]
  ours, theirs = np.array(row.points), np.array(baseline.points)
  sign = -1 if lower else 1
  better = significance.probability_of_improvement(sign * ours, sign * theirs)
  row.values["probability_of_improvement"] = better
  row.values["pairs"] = len(common) or min(len(ours), len(theirs))
  row.values["paired"] = bool(common)
  if common:
    pairs = [[one.runs[unit] for unit in common] for one in (row, baseline)]
    apart = np.array([scores[0][unit] - scores[1][unit] for unit in common])
    if len(common) < max(len(row.runs), len(baseline.runs)):
      notes.append(
        f"{row.name}: {len(row.runs)} runs against {len(baseline.runs)}; the difference is of the "
        f"{len(common)} seeds that both have."
      )
    drawn = p_swaps = None
    if test := same_test(both, tests):
      metric, counts, drawn_of = tests[test]
      drawn = np.stack(
        [drawn_of[a.name] - drawn_of[b.name] for a, b in zip(*pairs, strict=True)], axis=1
      )
      swapped, kept = ([counts[run.name] for run in runs] for runs in pairs)
      random = np.random.default_rng(SEED)
      p_swaps = significance.randomisation(metric.score, swapped, kept, options.trials, random)
    spread = significance.spread(apart, drawn)
    return Difference(row, float(apart.mean()), apart, drawn, spread, p_swaps)
  notes.append(f"{row.name}: no seed in common with the baseline; the difference is unpaired.")
  drawn_both = [resampled(list(one.runs.values()), tests) for one in (row, baseline)]
  whole = [one for one in drawn_both if one is not None]
  spread = significance.unpaired([ours, theirs], whole if len(whole) == 2 else None)
  return Difference(row, float(ours.mean() - theirs.mean()), None, None, spread, None)


def settle(differences: Sequence[Difference]) -> None:
  """Writes intervals and p values into the rows: of each row alone, then of the whole table.

  A row's interval is the wider of two, and its p the larger: by the spread of its own seeds, and by
  that of all rows' seeds together.
  """
  together = significance.pooled([one.apart for one in differences if one.apart is not None])
  for row, value, apart, drawn, own, p_swaps in differences:
    spreads = [own]
    if apart is not None and len(apart) > 1:
      spreads.append(significance.spread(apart, drawn, together))
    known = [one for one in spreads if one is not None]
    values = row.values
    values["difference"], values["p_randomisation"] = value, p_swaps
    values["p"] = None
    if known:
      ends = [one.interval(value) for one in known]
      values["difference_low"] = min(low for low, _ in ends)
      values["difference_high"] = max(high for _, high in ends)
      values["p_spread"] = max(one.p(value) for one in known)
      values["p"] = max(values["p_spread"], p_swaps or 0.0)
  rows = [one.row for one in differences if one.row.values["p"] is not None]
  adjusted = significance.holm([row.values["p"] for row in rows])
  for row, p in zip(rows, adjusted, strict=True):
    row.values["p_holm"] = p
