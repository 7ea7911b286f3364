"""Attention mechanisms: `kind` is the name of a file here, and its class is called Attention."""

import importlib
import pkgutil

from nmt.errors import UserError
from nmt.models.attention.base import EnergyAttention


def kinds() -> list[str]:
  """Every value that `model.attention.kind` may have."""
  return sorted(file.name for file in pkgutil.iter_modules(__path__) if file.name != "base")


def find(kind: str) -> type[EnergyAttention]:
  """The mechanism of a kind; raises UserError, which lists the kinds, for an unknown one."""
  if kind not in kinds():
    raise UserError(f"model.attention.kind={kind!r} is unknown: choose {', '.join(kinds())}")
  return importlib.import_module(f"{__name__}.{kind}").Attention
