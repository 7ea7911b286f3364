"""All config keys for a reader: as text for a terminal, and as the page docs/configuration.md.

python -m nmt.reference > docs/configuration.md
"""

import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from nmt import cli, kinds
from nmt.arguments import Parser
from nmt.declarations import base
from nmt.options import Group, Option

_WIDTH = 100
_HEAD = """\
# Configuration

Every key of an experiment, with its default, what it may be, and what it means. A config file
(`configs/`) starts from these defaults, which are the paper's, and changes what differs; the
command line changes single keys: `python launch.py --config=configs/x.py --config.model.size=512`.
The same list, for a terminal: `python launch.py --help-config`.

A group with a `kind` is a part that can be exchanged. Each of its kinds is one Python file, found
by its name, that declares its own options; those of the chosen kind stand in the group beside
`kind`. An option that the chosen kind does not have is refused on the command line and in a point
of a sweep; a config file may set it, for those who choose that kind on the command line.

This page is written by `python -m nmt.reference > docs/configuration.md`.
"""
_TOGETHER = """\
## What can't be had together

Asked for on the command line, in a config file or in a point of a sweep, it is refused before
anything runs. The files of the kinds declare it (nmt/refusals.py); all other kinds go together.
Where a kind names another, such as an `energy`, what holds of that one holds too.
"""


@dataclass
class _Section:
  """A group: its own options, and those of each of its kinds, by key."""

  group: str
  help: str
  options: dict[str, Option]
  kinds: dict[str, dict[str, Option]] = field(default_factory=dict)


def text() -> str:
  """Every key with default, range and meaning, a group after the other, kinds indented."""
  lines: list[str] = []
  for section in _sections(base()):
    lines += ["", f"{section.group}: {section.help}" if section.group else section.help]
    lines += _entries(section.options, section.group, 2)
    for kind, options in section.kinds.items():
      summary = f"kind={kind}: {kinds.summary(section.group, kind)}"
      lines += textwrap.wrap(summary, _WIDTH, initial_indent="  ", subsequent_indent="    ")
      lines += _entries(options, section.group, 4)
  return "\n".join(lines[1:]) + "\n"


def markdown() -> str:
  """The page docs/configuration.md."""
  parts = [_HEAD]
  for section in _sections(base()):
    level = 2 + section.group.count(".")
    if section.group:
      parts.append(f"{'#' * level} {section.group}\n\n{_sentence(section.help)}\n")
    rows = [[f"`{key}`", *_cells(option, section.group)] for key, option in section.options.items()]
    if rows:
      parts.append(_table(["key", "default", "range", "meaning"], rows))
    if section.kinds:
      parts.append(
        _table(
          [f"`{section.group}.kind`", "what it is"],
          [[f"`{kind}`", _cell(kinds.summary(section.group, kind))] for kind in section.kinds],
        )
      )
    rows = [
      [f"`{kind}`", f"`{key}`", *_cells(option, section.group)]
      for kind, options in section.kinds.items()
      for key, option in options.items()
    ]
    if rows:
      parts.append(_table(["kind", "its options", "default", "range", "meaning"], rows))
  parts.append(_TOGETHER + "\n" + _table(["what", "can't be had with", "why"], _refused()))
  return "\n".join(parts)


def _refused() -> list[list[str]]:
  """A row for what each kind declares that it can't be had with, and for what it may not name."""
  rows = []
  naming: dict[tuple[str, str, str], list[str]] = {}
  for group in kinds.PACKAGES:
    for kind in kinds.names(group):
      for refusal in kinds.refusals(group, kind):
        others = []
        if refusal.group:
          having = _listed(kinds.names(refusal.group, refusal.trait))
          named = "energy" if refusal.group == group else "kind"
          others = [f"`{refusal.group}.{named}` {'other than ' * refusal.needed}{having}"]
        if refusal.condition.words:
          others.append(f"while {_cell(refusal.condition.words)}")
        each = f"each {refusal.trait}: " if refusal.group and not refusal.needed else ""
        rows.append([f"`{group}.kind` `{kind}`", ", ".join(others), _cell(each + refusal.why)])
      for name, option in kinds.options(group, kind).items():
        if option.trait:
          naming.setdefault((group, name, option.trait), []).append(kind)
  for (group, name, trait), owners in naming.items():
    other = f"`{group}.{name}` other than {_listed(kinds.names(group, trait))}"
    why = f"what it names must be a kind that {trait}"
    rows.append([f"`{group}.kind` {_listed(owners)}", other, why])
  return rows


def _listed(names: list[str]) -> str:
  return ", ".join(f"`{name}`" for name in names)


def _sections(tree: Group, prefix: str = "") -> Iterator[_Section]:
  """Depth first, in the order of the declarations."""
  own = {prefix + name: o for name, o in tree.items() if isinstance(o, Option)}
  group = prefix.removesuffix(".")
  found = _Section(group, tree.help, own)
  if group in kinds.PACKAGES:
    for kind in kinds.names(group):
      options = kinds.options(group, kind)
      found.kinds[kind] = {prefix + name: option for name, option in options.items()}
  if group or own:
    yield found
  for name, member in tree.items():
    if isinstance(member, Group):
      yield from _sections(member, f"{prefix}{name}.")


def _entries(options: dict[str, Option], group: str, indent: int) -> list[str]:
  lines = []
  for key, option in options.items():
    first = f"{key}={_default(option)}  ({_range(option, group)})"
    for paragraph, start in ((first, indent), (option.help, indent + 4)):
      margin, rest = " " * start, " " * (indent + 4)
      lines += textwrap.wrap(paragraph, _WIDTH, initial_indent=margin, subsequent_indent=rest)
  return lines


def _default(option: Option) -> str:
  return f"{option.default}" if option.default != "" else "''"


def _range(option: Option, group: str) -> str:
  if option.is_kind:
    return " | ".join(kinds.names(group, option.trait))
  return " | ".join(option.names) or option.wish


def _cells(option: Option, group: str) -> list[str]:
  if option.is_kind:
    allowed = f"a kind of this group{f' that {option.trait}' if option.trait else ''}"
  else:
    allowed = _listed(list(option.names)) or _cell(option.wish)
  default = "empty" if option.default == "" else f"`{option.default}`"
  return [default, allowed, _cell(option.help)]


def _cell(text: str) -> str:
  """Plain text in a cell of a table."""
  for special in ("\\", "|", "<", "*", "_", "["):
    text = text.replace(special, f"\\{special}")
  return text


def _sentence(text: str) -> str:
  return f"{text[0].upper()}{text[1:]}."


def _table(head: list[str], rows: list[list[str]]) -> str:
  lines = [head, ["---"] * len(head), *rows]
  return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main(arguments: Sequence[str]) -> None:
  """Prints the page."""
  Parser("reference", __doc__).parse_args(arguments)
  sys.stdout.write(markdown())


if __name__ == "__main__":
  cli.entry(main, pipe=True)
