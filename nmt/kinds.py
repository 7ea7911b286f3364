"""Kinds: parts of the model and of training that can be exchanged, one Python file each.

A group of the config that has a `kind` has a folder, and `kind` is the name of a file in it:
model.attention.kind=additive is nmt/models/attention/additive.py. A new file there is a new kind.
It says what it is in the first line of its docstring and declares its options, if any, as

  OPTIONS = {"size": count(1000, "n': units of the layer that scores a word")}

with the functions of nmt/options.py and nothing else, because that is read without running the
file, which may import JAX. So are TRAITS and REFUSES, which say what it can't be had with by
nmt/refusals.py. What a file must hold besides is said in the folder's base.py or __init__.py. Files
called base or with a leading underscore are no kinds.
"""

import ast
import functools
import importlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple

from nmt import options as _options
from nmt import refusals as _refusals
from nmt.errors import UserError
from nmt.options import Option, not_one_of
from nmt.refusals import Refusal

# The package that holds the kinds of a group of the config.
PACKAGES = {
  "model.encoder": "nmt.models.encoders",
  "model.cell": "nmt.models.cells",
  "model.attention": "nmt.models.attention",
  "model.normaliser": "nmt.models.normalisers",
  "model.order": "nmt.models.orders",
  "model.readout": "nmt.models.readouts",
  "train.objective": "nmt.training.objectives",
}


class Declaration(NamedTuple):
  """What the file of a kind says of it: its docstring's first line, and what it declares."""

  summary: str
  OPTIONS: dict[str, Option]
  TRAITS: tuple[str, ...]
  REFUSES: tuple[Refusal, ...]


def names(group: str, trait: str = "") -> list[str]:
  """The kinds that a group of the config may have, in the order of the alphabet.

  trait: only those that have it.
  """
  return sorted(kind for kind in _files(group) if not trait or trait in traits(group, kind))


def options(group: str, kind: str) -> dict[str, Option]:
  """The options of a kind; UserError for an unknown kind or a faulty declaration."""
  return dict(_declared(group, kind).OPTIONS)


def traits(group: str, kind: str) -> tuple[str, ...]:
  """What a kind is or does that others may refuse or need."""
  return _declared(group, kind).TRAITS


def refusals(group: str, kind: str) -> tuple[Refusal, ...]:
  """What a kind says that it can't be had with."""
  return _declared(group, kind).REFUSES


def summary(group: str, kind: str) -> str:
  """The first line of the docstring of a kind."""
  return _declared(group, kind).summary


def find(group: str, kind: str) -> ModuleType:
  """The module of a kind, imported; UserError, which lists the kinds, for an unknown one."""
  _file(group, kind)
  return importlib.import_module(f"{PACKAGES[group]}.{kind}")


def _file(group: str, kind: str) -> str:
  files = _files(group)
  if kind not in files:
    raise not_one_of(f"{group}.kind", kind, sorted(files))
  return files[kind]


def _files(group: str) -> Mapping[str, str]:
  """By kind; a package that is imported already may have been given further folders."""
  package = PACKAGES[group]
  imported = sys.modules.get(package)
  folders = [_own(package)] if imported is None else [*imported.__path__]
  return _listed(*[(folder, os.stat(folder).st_mtime_ns) for folder in reversed(folders)])


@functools.cache
def _own(package: str) -> str:
  return str(Path(__file__).parent.joinpath(*package.split(".")[1:]))


@functools.cache
def _listed(*folders: tuple[str, int]) -> Mapping[str, str]:
  """The files of kinds in some folders, each with the time of its last change."""
  files = [file for folder, _ in folders for file in Path(folder).glob("*.py")]
  kinds = {f.stem: str(f) for f in files if f.stem != "base" and not f.stem.startswith("_")}
  return MappingProxyType(kinds)


def _declared(group: str, kind: str) -> Declaration:
  file = _file(group, kind)
  with open(file, encoding="utf-8") as text:
    return _parsed(file, text.read())


@functools.cache
def _parsed(file: str, text: str) -> Declaration:
  """What a file declares, each declaration computed by itself."""
  name = "OPTIONS"
  found: dict[str, Any] = {"OPTIONS": {}, "TRAITS": (), "REFUSES": ()}
  try:
    tree = ast.parse(text, file)
    lines = (ast.get_docstring(tree) or "").splitlines() or [""]
    for node in tree.body:
      if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        continue
      for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        if isinstance(target, ast.Name) and target.id in found:
          name = target.id
          code = compile(ast.Expression(node.value), file, "eval")
          found[name] = eval(code, {**vars(_options), **vars(_refusals)})
  except Exception as e:
    raise UserError(f"{file}: {name} can't be read: {type(e).__name__}: {e}") from e
  options = found["OPTIONS"]
  if not isinstance(options, dict) or not all(isinstance(o, Option) for o in options.values()):
    raise UserError(f"{file}: OPTIONS must be a dict of options by name; see nmt/options.py")
  for name, good in (
    ("TRAITS", _refusals.TRAITS.__contains__),
    ("REFUSES", lambda x: isinstance(x, Refusal)),
  ):
    if not isinstance(found[name], tuple) or not all(map(good, found[name])):
      raise UserError(f"{file}: {name} must be a tuple of what nmt/refusals.py has")
  for refusal in found["REFUSES"]:
    if refusal.group and refusal.group not in PACKAGES:
      raise UserError(f"{file}: REFUSES names no group: {refusal.group}")
  return Declaration(lines[0], **found)
