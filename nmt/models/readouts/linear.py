"""Luong's readout: the words' scores are linear in the state."""

from typing import Any

from jaxtyping import Array, Float
from ml_collections import ConfigDict

from nmt.models.initializers import Initializers
from nmt.models.readouts.base import Readout as Base
from nmt.refusals import NO_CONTEXT

TRAITS = (NO_CONTEXT,)


class Readout(Base):
  """t_i = s, the state that the order shows: the attentional state in Luong et al. (equation 6)."""

  def extend(self, model: ConfigDict, context: int, initial: Initializers) -> int:
    self.C_o = None
    return int(model.size)

  def __call__(self, s: Float[Array, "#*rows L"], y: Any, c: Any) -> Float[Array, "#*rows L"]:
    return s
