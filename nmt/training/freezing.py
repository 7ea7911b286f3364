"""Parameters that training leaves as they are, chosen by patterns of their names."""

import fnmatch
from collections.abc import Sequence
from typing import Any

import jax

from nmt import models
from nmt.errors import UserError, nearest


def frozen(patterns: Sequence[str], params: Any) -> Any:
  """A tree of whether each parameter's name (docs/weights.md) is matched by one of the patterns.

  `*` stands for any text. UserError: a pattern matches no parameter, or nothing is left to train.
  """
  names = list(models.flat(params))
  for pattern in patterns:
    if not fnmatch.filter(names, pattern):
      raise UserError(
        f"train.freeze: no parameter is called {pattern} (docs/weights.md lists their names)"
        f"{nearest(pattern, names)}"
      )
  chosen = [any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns) for name in names]
  if all(chosen):
    raise UserError(f"train.freeze={','.join(patterns)} leaves no parameter to train")
  return jax.tree.unflatten(jax.tree.structure(params), chosen)


def held(mask: Any, before: Any, after: Any) -> Any:
  """`before` where the mask is True, `after` elsewhere."""
  return jax.tree.map(lambda hold, old, new: old if hold else new, mask, before, after)
