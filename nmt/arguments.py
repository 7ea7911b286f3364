"""The options that command lines share: each has one name, range and line of help."""

import argparse
from pathlib import Path
from typing import Any, NoReturn

from ml_collections import ConfigDict

from nmt.errors import UserError

# Keys of config.decode.
SEARCH = ("beam", "length_penalty", "coverage_penalty", "max_ratio", "batch", "forbid_unk")


class Parser(argparse.ArgumentParser):
  """The options of `python -m nmt.<command>`; raises UserError for those it can't take."""

  def __init__(self, command: str, description: str | None):
    super().__init__(
      prog=f"python -m nmt.{command}",
      description=description,
      formatter_class=argparse.RawDescriptionHelpFormatter,
      allow_abbrev=False,
    )

  def error(self, message: str) -> NoReturn:
    raise UserError(f"{message}; {self.prog} --help lists all options")

  def add_run(self, required: bool = True) -> None:
    """Adds --workdir and --which: a trained run, and which of its checkpoints."""
    add = self.add_argument
    add("--workdir", type=Path, required=required, help="folder of the trained run")
    add("--which", default="best", help="checkpoint: best (default), last, or an update's number")

  def add_search(self) -> None:
    """Adds an option for each key of SEARCH, None unless given."""
    add = self.add_argument
    add("--beam", type=positive, help="size of the beam, 1 for greedy (default: as configured)")
    add(
      "--length-penalty",
      type=weight,
      help="score = log p / length ** this (default: as configured)",
    )
    add(
      "--coverage-penalty",
      type=weight,
      help="what a score loses for source words not looked at (default: as configured)",
    )
    add(
      "--max-ratio",
      type=ratio,
      help="longest output: this times the source, plus 10 (default: as configured)",
    )
    add("--batch", type=positive, help="sentences translated together (default: as configured)")
    add("--forbid-unk", action="store_true", default=None, help="never write [UNK]")


def search_given(arguments: argparse.Namespace) -> dict[str, Any]:
  """What was asked for of SEARCH, by key."""
  return {key: value for key in SEARCH if (value := getattr(arguments, key)) is not None}


def changed(decode: ConfigDict, changes: dict[str, Any]) -> ConfigDict:
  """A copy of `config.decode` with other values."""
  copy = decode.copy_and_resolve_references()
  copy.update(changes)
  return copy


def positive(text: str) -> int:
  """The type of an option that counts something."""
  if not text.isdecimal() or int(text) < 1:
    raise argparse.ArgumentTypeError(f"{text} is not a whole number of at least 1")
  return int(text)


def weight(text: str) -> float:
  """The type of an option that weighs something."""
  try:
    value = float(text)
  except ValueError:
    value = -1.0
  if not 0 <= value < float("inf"):
    raise argparse.ArgumentTypeError(f"{text} is not a number of at least 0")
  return value


def ratio(text: str) -> float:
  """The type of an option that multiplies something."""
  value = weight(text)
  if not value:
    raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
  return value
