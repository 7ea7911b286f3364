"""The energies of another kind, for mechanisms that make something else than a softmax of them."""

from ml_collections import ConfigDict

from nmt import kinds
from nmt.errors import UserError
from nmt.models.attention import base as attentions
from nmt.models.attention.base import EnergyAttention
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers


def make(model: ConfigDict, encoder: Encoder, initial: Initializers, kind: str) -> EnergyAttention:
  """The mechanism of `kind`, whose `energies(s, memory, carry)` are BxJ.

  What it carries is begun by its `begin`, and moved on by its `next_carry`, which is given the
  weights that are made of its energies in the place of its own alpha. Raises UserError for a kind
  that has no energies, several for each word, or weights that are no normalised energies.
  """
  attentions.refuse_spending(model)
  mechanism = kinds.find("model.attention", kind).Attention
  alike = issubclass(mechanism, EnergyAttention) and all(
    getattr(mechanism, name) is getattr(EnergyAttention, name)
    for name in ("attend", "search", "read")
  )
  if not alike:
    raise UserError(
      f"model.attention.kind={model.attention.kind} can't use the energies of {kind}: choose a "
      "kind that makes its weights of one energy for each word, such as additive"
    )
  made: EnergyAttention = mechanism(model, encoder, initial)
  return made
