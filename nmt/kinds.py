"""Kinds: parts of the model and of training that can be exchanged, one Python file each.

A group of the config that has a `kind` has a folder, and `kind` is the name of a file in it:
model.attention.kind=additive is nmt/models/attention/additive.py. A new file there is a new kind.
It says what it is in the first line of its docstring and declares its options, if any, as

  OPTIONS = {"size": count(1000, "n': units of the layer that scores a word")}

with the functions of nmt/options.py and nothing else, because that is read without running the
file, which may import JAX. What a file must hold besides is said in the folder's base.py or
__init__.py. Files called base or with a leading underscore are no kinds.
"""

import ast
import functools
import importlib
import sys
from pathlib import Path
from types import ModuleType

from nmt import options as vocabulary
from nmt.errors import UserError
from nmt.options import Option, not_one_of

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


def names(group: str) -> list[str]:
  """The kinds that a group of the config may have, in the order of the alphabet."""
  return sorted(_files(group))


def options(group: str, kind: str) -> dict[str, Option]:
  """What the file of a kind declares; UserError for an unknown kind or a faulty declaration."""
  return dict(_declared(_file(group, kind))[1])


def summary(group: str, kind: str) -> str:
  """The first line of the docstring of a kind."""
  return _declared(_file(group, kind))[0]


def find(group: str, kind: str) -> ModuleType:
  """The module of a kind, imported; UserError, which lists the kinds, for an unknown one."""
  _file(group, kind)
  return importlib.import_module(f"{PACKAGES[group]}.{kind}")


def _file(group: str, kind: str) -> Path:
  files = _files(group)
  if kind not in files:
    raise not_one_of(f"{group}.kind", kind, sorted(files))
  return files[kind]


def _files(group: str) -> dict[str, Path]:
  """By kind; a package that is imported already may have been given further folders."""
  package = PACKAGES[group]
  own = Path(__file__).parent.joinpath(*package.split(".")[1:])
  imported = sys.modules.get(package)
  folders = [own] if imported is None else [Path(place) for place in imported.__path__]
  return dict(_listed(*[(folder, folder.stat().st_mtime_ns) for folder in reversed(folders)]))


@functools.cache
def _listed(*folders: tuple[Path, int]) -> dict[str, Path]:
  """The files of kinds in some folders, each with the time of its last change."""
  files = [file for folder, _ in folders for file in folder.glob("*.py")]
  return {f.stem: f for f in files if f.stem != "base" and not f.stem.startswith("_")}


def _declared(file: Path) -> tuple[str, dict[str, Option]]:
  return _parsed(file, file.read_text(encoding="utf-8"))


@functools.cache
def _parsed(file: Path, text: str) -> tuple[str, dict[str, Option]]:
  """The first line of a file's docstring, and its OPTIONS, computed by themselves."""
  try:
    tree = ast.parse(text, str(file))
    lines = (ast.get_docstring(tree) or "").splitlines() or [""]
    found: dict[str, Option] = {}
    for node in tree.body:
      if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        continue
      targets = node.targets if isinstance(node, ast.Assign) else [node.target]
      if any(isinstance(target, ast.Name) and target.id == "OPTIONS" for target in targets):
        expression = ast.Expression(node.value)
        found = eval(compile(expression, str(file), "eval"), dict(vars(vocabulary)))
  except Exception as e:
    raise UserError(f"{file}: OPTIONS can't be read: {type(e).__name__}: {e}") from e
  if not isinstance(found, dict) or not all(isinstance(o, Option) for o in found.values()):
    raise UserError(f"{file}: OPTIONS must be a dict of options by name; see nmt/options.py")
  return lines[0], found
