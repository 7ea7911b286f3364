"""The energies of another kind, for mechanisms that make something else than a softmax of them."""

from ml_collections import ConfigDict

from nmt import kinds
from nmt.models.attention.base import EnergyAttention
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers


def make(model: ConfigDict, encoder: Encoder, initial: Initializers, kind: str) -> EnergyAttention:
  """The mechanism of `kind`, which SCORES_ALONE: its `energies(s, memory, ())` are BxJ."""
  made: EnergyAttention = kinds.find("model.attention", kind).Attention(model, encoder, initial)
  return made
