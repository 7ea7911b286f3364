"""The energies of another kind, for mechanisms that make something else than a softmax of them."""

from ml_collections import ConfigDict

from nmt import kinds
from nmt.models.attention.base import EnergyAttention
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers


def make(model: ConfigDict, encoder: Encoder, initial: Initializers, kind: str) -> EnergyAttention:
  """The mechanism of `kind`, which SCORES: its `energies(s, memory, carry)` are BxJ.

  What it carries is begun by its `begin`, and moved on by its `next_carry`, which is given the
  weights that are made of its energies in the place of its own alpha.
  """
  made: EnergyAttention = kinds.find("model.attention", kind).Attention(model, encoder, initial)
  return made
