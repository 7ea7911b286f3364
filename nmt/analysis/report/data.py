"""What a report tells, gathered from folders of runs: whatever they have, wherever they ended."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nmt import config as config_lib
from nmt.analysis.place import place
from nmt.analysis.report import curves, lengths, origins, parameters, pictures, sentences
from nmt.analysis.report.curves import Curves
from nmt.analysis.report.grid import Grid
from nmt.analysis.report.lengths import Lengths
from nmt.analysis.report.origins import Command, Fact
from nmt.analysis.report.parameters import Parameters
from nmt.analysis.report.pictures import Picture
from nmt.analysis.report.sentences import Sentence
from nmt.analysis.results import columns, footer, rows, study
from nmt.analysis.results.study import Flat, Run, Study
from nmt.analysis.results.table import Options, Row, Table
from nmt.errors import UserError
from nmt.launching import status
from nmt.launching.status import Standing
from nmt.workdir import Workdir


@dataclasses.dataclass
class Member:
  """A run of the report. group: its configuration's number; runs that differ in the seed share it.

  result: None, with `why`, for a run that is not in the table.
  config: by dotted key; empty if it can't be read, and then `why` says so.
  """

  name: str
  home: Workdir
  standing: Standing
  config: Flat
  result: Run | None
  why: str
  group: int = 0


@dataclasses.dataclass(frozen=True)
class Report:
  """All that the page shows. table: None where no run is done.

  groups: the names of the configurations, by their numbers. notes: what has to be said of it all.
  pictures: the figures that lie in the studies' folders.
  unaligned, unread, unseen: why there are no alignments, parameters, pictures: `NAME: reason`.
  shared: what all configs have in common.
  """

  name: str
  folders: list[str]
  question: str
  about: str
  study: Study
  members: list[Member]
  groups: list[str]
  table: Table | None
  notes: list[str]
  curves: list[Curves]
  lengths: list[Lengths]
  sentences: list[Sentence]
  unaligned: list[str]
  parameters: list[Parameters]
  unread: list[str]
  pictures: list[Picture]
  unseen: list[str]
  differing: Grid | None
  shared: Grid
  origins: list[Fact]
  commands: list[Command]

  @property
  def done(self) -> list[Member]:
    return [member for member in self.members if member.result is not None]


def gather(
  folders: Sequence[Path],
  split: str | None = None,
  drawn: int = 2,
  most: int = 4,
) -> Report:
  """Reads runs and studies.

  drawn: of how many sentences alignments are drawn. most: runs at most whose parameters are shown;
  of more, none are. With 0 for both no checkpoint is read.

  Raises UserError where a folder holds no run at all.
  """
  found, homes = _read(folders, split)
  members = [_member(name, home, found) for name, home in homes.items()]
  table, notes = _table(found)
  groups = _group(members, table)
  drawings, unseen = pictures.gather(folders)
  held, unread = parameters.gather({member.name: member.home for member in members}, most)
  aligned, unaligned = sentences.gather(_one_of_each(members), drawn)
  configs = {member.name: member.config for member in members if member.config}
  keys = list(dict.fromkeys(key for config in configs.values() for key in config))
  apart = [key for key in keys if len({repr(one.get(key)) for one in configs.values()}) > 1]
  same = next(iter(configs.values()), {})
  return Report(
    name=found.name,
    folders=[folder.resolve().name for folder in folders],
    question=found.question,
    about=_about(members[0]) if len(members) == 1 else "",
    study=found,
    members=members,
    groups=groups,
    table=table,
    notes=notes,
    curves=curves.gather([(one.name, one.group, one.home) for one in members]),
    lengths=lengths.gather([one.result for one in members if one.result], _of_row(table)),
    sentences=aligned,
    unaligned=unaligned,
    parameters=held,
    unread=unread,
    pictures=drawings,
    unseen=unseen,
    differing=_differing(configs, apart),
    shared=Grid(["key", "value"], [[k, _shown(same[k])] for k in same if k not in apart], 2),
    origins=origins.facts({member.name: member.home for member in members}),
    commands=origins.commands({member.name: member.home for member in members}),
  )


def _read(folders: Sequence[Path], split: str | None) -> tuple[Study, dict[str, Workdir]]:
  """What the folders hold, as one study, and the folder of each run by its name."""
  for folder in folders:
    if not folder.is_dir():
      raise UserError(f"{folder}: no such folder; name that of a run or a study")
  if len({folder.resolve() for folder in folders}) < len(folders):
    raise UserError("a folder is named twice")
  first = study.read(folders[0], split)
  several = [first, *(study.read(folder, first.split) for folder in folders[1:])]
  within = [_homes(one) for one in several]
  for one, own in zip(several, within, strict=True):
    for name, why in one.missing.items():
      one.missing[name] = _named(why, own[name], name)
  if len(several) == 1:
    return first, within[0]
  names = [name for homes in within for name in homes]
  twice = {name for name in names if names.count(name) > 1}
  homes: dict[str, Workdir] = {}
  parts = []
  for one, own in zip(several, within, strict=True):
    new = {name: f"{one.folder.resolve().name}/{name}" if name in twice else name for name in own}
    if len(own) == 1 and one.folder.resolve() == next(iter(own.values())).path.resolve():
      new = {name: name if name not in twice else _longer(one.folder) for name in own}
    homes |= {new[name]: home for name, home in own.items()}
    parts.append(
      dataclasses.replace(
        one,
        points={new.get(name, name): point for name, point in one.points.items()},
        runs=[dataclasses.replace(run, name=new[run.name]) for run in one.runs],
        missing={new[name]: why for name, why in one.missing.items()},
      )
    )
  if len(homes) < len(names):
    raise UserError("these folders have runs of the same names: name the folder that holds both")
  joined = dataclasses.replace(
    first,
    name=", ".join(dict.fromkeys(one.name for one in parts)),
    question="\n".join(dict.fromkeys(one.question for one in parts if one.question)),
    baseline=next((one.baseline for one in parts if one.baseline is not None), None),
    points={name: point for one in parts for name, point in one.points.items()},
    runs=[run for one in parts for run in one.runs],
    missing={name: why for one in parts for name, why in one.missing.items()},
    notes=[note for one in parts for note in one.notes],
  )
  return joined, homes


def _longer(folder: Path) -> str:
  """The name of a run's folder with that of the folder around it."""
  return "/".join(folder.resolve().parts[-2:])


def _homes(found: Study) -> dict[str, Workdir]:
  """The folders of a study's runs, in its order."""
  wanted = {*(run.name for run in found.runs), *found.missing}
  return {name: home for name, home in status.find(found.folder)[1].items() if name in wanted}


def _member(name: str, home: Workdir, found: Study) -> Member:
  result = next((run for run in found.runs if run.name == name), None)
  standing = status.standing(name, home)
  config: Flat = {}
  why = found.missing.get(name, "")
  try:
    config = result.config if result else config_lib.flatten(config_lib.load(home.config))
  except UserError as e:
    why = why or _named(str(e), home, name)
  if standing.state == "stopped" and standing.reason:  # killed: its status still says running
    why = standing.reason
  return Member(name, home, standing, config, result, why)


def _table(found: Study) -> tuple[Table | None, list[str]]:
  """The table of `launch.py results` and what stands under it."""
  if not found.runs:
    return None, list(found.notes)
  options = Options(found.metric)
  table = rows.tabulate(found, options)
  return table, footer.lines(table, options)


def _of_row(table: Table | None) -> dict[str, Row]:
  """The row of each run in the table, by the run's name."""
  every = table.rows if table else []
  return {run.name: row for row in every for run in row.runs.values()}


def row_name(row: Row, table: Table) -> str:
  """`attention=dot, size=256`: the keys of a row as short as they tell them apart."""
  if row.called:
    return row.name
  parts = [
    f"{columns.short(key, table.keys)}={_shown(value)}"
    for key, value in row.label.items()
    if value is not None
  ]
  return ", ".join(parts) or ", ".join(run.name for run in row.runs.values())


def _group(members: list[Member], table: Table | None) -> list[str]:
  """Numbers the configurations, which differ in more than the seed, and names them."""
  of_row = _of_row(table)
  names: dict[str, str] = {}
  for member in sorted(members, key=lambda one: one.result is None):  # rows come first
    rest = {key: value for key, value in member.config.items() if key not in rows.IGNORED}
    key = repr(rest) if rest else member.name
    if key not in names:
      row = of_row.get(member.name)
      names[key] = row_name(row, table) if row and table else member.name
    member.group = list(names).index(key)
  return list(names.values())


def _one_of_each(members: list[Member]) -> list[tuple[str, Run]]:
  """The first finished run of each configuration."""
  firsts: dict[int, tuple[str, Run]] = {}
  for member in members:
    if member.result is not None:
      firsts.setdefault(member.group, (member.name, member.result))
  return list(firsts.values())


def _differing(configs: dict[str, Flat], keys: list[str]) -> Grid | None:
  if not keys:
    return None
  cells = [[name, *(_shown(config.get(key)) for key in keys)] for name, config in configs.items()]
  return Grid(["run", *keys], cells, len(keys) + 1)


def _shown(value: Any) -> str:
  if isinstance(value, tuple | list):
    return ", ".join(map(str, value))
  return "" if value is None else str(value)


def _about(member: Member) -> str:
  """What a single run is, in one line."""
  from nmt.analysis.verbs.info import info

  try:
    return info(place(str(member.home))._replace(name=member.name)).line()
  except UserError as e:
    return _named(str(e), member.home, member.name)


def _named(text: str, home: Workdir, name: str) -> str:
  """A message with a run's name for its path, which depends on where the report is made."""
  return text.replace(str(home), name)
