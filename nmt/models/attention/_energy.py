"""The energies of another kind, for mechanisms that make something else than a softmax of them."""

from ml_collections import ConfigDict

from nmt import kinds
from nmt.errors import UserError
from nmt.models.attention import base as attentions
from nmt.models.attention.base import EnergyAttention
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers


def make(model: ConfigDict, encoder: Encoder, initial: Initializers, kind: str) -> EnergyAttention:
  """The mechanism of `kind`, whose `energies(s, memory, ())` are BxJ.

  Raises UserError for a kind that has no energies, that carries something from step to step, which
  belongs to its own alpha, or that has several energies for each word.
  """
  attentions.refuse_spending(model)
  mechanism = kinds.find("model.attention", kind).Attention
  alike = issubclass(mechanism, EnergyAttention) and all(
    getattr(mechanism, name) is getattr(EnergyAttention, name)
    for name in ("begin", "attend", "search", "read")
  )
  if not alike:
    raise UserError(
      f"model.attention.kind={model.attention.kind} can't use the energies of {kind}: choose a "
      "kind that has one energy for each word and carries nothing, such as additive"
    )
  made: EnergyAttention = mechanism(model, encoder, initial)
  return made
