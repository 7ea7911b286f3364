"""What an attention mechanism is, and what those that score each word share."""

import functools
import types
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Key
from ml_collections import ConfigDict

from nmt import kinds
from nmt.declarations import INNER
from nmt.models.attention._inference import Inference
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import Initializers
from nmt.models.products import affine, product
from nmt.refusals import SPENDS

Memory = dict[str, Any]


class Glance(NamedTuple):
  """One look at the notes.

  weights: what `Attention.read` takes, with B first, such as BxJ, or BxHxJ of H heads.
  alpha_BxJ: where the model looked, for people, AER and guided alignment; 0 on padding.
  carry: handed to the next step.
  losses: by name, one number a sentence (B), to be added to the loss; summed over real steps.
  drawn: the log-probability (B) of what was drawn at random, if anything was.
  """

  weights: Any
  alpha_BxJ: Float[Array, "B J"]
  carry: Any = ()
  losses: dict[str, Float[Array, "B"]] = {}  # noqa: RUF012, nobody changes it
  drawn: Float[Array, "B"] | None = None


class Attention(nnx.Module):
  """Find which notes matter now, from the scratchpad and the notes, and mix them.

  A mechanism writes `remember`, `attend` and, unless its context is a weighted mean of annotations
  that are each multiplied by the reader's matrix first, `project` and `read`. All leaves of memory,
  carry and glance have B first. Padding may hold anything finite; no result may depend on it.
  """

  random = False  # whether `attend` uses its keys
  mixes = False  # whether each source word has a readout of its own, and alpha mixes their words
  top = 0  # if it mixes: of how many source words a search makes readouts; 0: of all
  inference: Inference | None = None  # if it mixes: the network of q(z | x, y)
  alignment = "prior"  # what says where given words come from: see `Translation.alignments`
  total = "1"  # what alpha sums to over real words: "1", "at most 1" or "any"

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    self.query_width = model.size
    self.product = product(model.precision)

  @staticmethod
  def width(model: ConfigDict, encoder: Encoder) -> int:
    """The width of a context, which the readers' matrices multiply: that of an annotation."""
    return encoder.width

  def remember(self, h_BxJxD: Float[Array, "B J D"], real_BxJ: Bool[Array, "B J"]) -> Memory:
    """What every step needs of a source sentence; only the mechanism itself reads it."""
    return {"h": h_BxJxD, "real": real_BxJ}

  def begin(self, memory: Memory) -> Any:
    """What is carried into the first step; most mechanisms carry nothing."""
    return ()

  def attend(
    self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any, keys_B: Key[Array, "B"] | None
  ) -> Glance:
    """Looks at the notes from the state s, in training and where a target is given.

    Without keys nothing is drawn at random.
    """
    raise TypeError(f"{type(self).__module__} has no attend")

  def search(self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any) -> Glance:
    """Looks at the notes in search: as `attend` without keys, unless a mechanism differs there."""
    return self.attend(s_BxN, memory, carry, None)

  def attend_all(
    self, s_TxBxN: Float[Array, "T B N"], memory: Memory, keys_TxB: Key[Array, "T B"] | None
  ) -> Glance:
    """Looks from the states of all steps at once: asked only of what carries nothing."""
    carry = self.begin(memory)

    def attend(s_BxN: Float[Array, "B N"], keys_B: Key[Array, "B"] | None) -> Glance:
      return self.attend(s_BxN, memory, carry, keys_B)

    found: Glance = jax.vmap(attend)(s_TxBxN, keys_TxB)
    return found

  def project(self, memory: Memory, C_DxG: Float[Array, "D G"]) -> Any:
    """What `read` takes, for a reader who multiplies contexts by C: here C h_j, once a sentence.

    C c_i = C sum_j alpha_ij h_j = sum_j alpha_ij (C h_j): one product, outside the loop.
    """
    return affine(self.product, memory["h"], C_DxG)

  def read(self, weights: Any, values: Any, C_DxG: Float[Array, "D G"]) -> Float[Array, "B G"]:
    """C c_BxG of one step, from its weights and what `project` gave for that C."""
    return self.product("bj,bjd->bd", weights, values)


class EnergyAttention(Attention):
  """alpha_i = normalise_j(energies(s, h_j)) over real words;  c_i = sum_j alpha_ij h_j.

  A mechanism of this kind writes `energies`, and `remember` for what does not depend on the step;
  one that carries something from step to step writes `begin` and `next_carry` too.
  `model.normaliser` chooses what makes weights of energies; one that spends finds what the weights
  of the steps before add up to in memory, put there by `Spending`.
  """

  many = False  # whether `energies` takes the states of all steps at once too: s_TxBxN

  def __init__(self, model: ConfigDict, encoder: Encoder, initial: Initializers):
    super().__init__(model, encoder, initial)
    self.normalise = kinds.find("model.normaliser", model.normaliser.kind).make(model)
    self.spends = spends(model)

  def energies(
    self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any
  ) -> Float[Array, "B *heads J"]:
    """e_BxJ, or e_BxHxJ of H heads: how well each word matches the state."""
    raise TypeError(f"{type(self).__module__} has no energies")

  def all_energies(self, s_TxBxN: Float[Array, "T B N"], memory: Memory) -> Float[Array, "T B ..."]:
    """The energies of all steps, TxBxJ or TxBxHxJ, of a mechanism that carries nothing."""
    if self.many:
      return self.energies(s_TxBxN, memory, ())
    return jax.vmap(lambda s_BxN: self.energies(s_BxN, memory, ()))(s_TxBxN)

  def next_carry(
    self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any, alpha_BxJ: Float[Array, "B J"]
  ) -> Any:
    """What is carried into the next step, from alpha of this one; most mechanisms carry nothing."""
    return carry

  def attend(
    self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any, keys_B: Key[Array, "B"] | None
  ) -> Glance:
    e, real = self.energies(s_BxN, memory, carry), memory["real"]
    spent = [memory["spent"]] if self.spends else []
    weights = self.normalise(e, jnp.expand_dims(real, range(1, e.ndim - 1)), *spent)
    alpha = weights if weights.ndim == 2 else weights.mean(axis=1)
    return Glance(weights, alpha, self.next_carry(s_BxN, memory, carry, alpha))

  def attend_all(
    self, s_TxBxN: Float[Array, "T B N"], memory: Memory, keys_TxB: Key[Array, "T B"] | None
  ) -> Glance:
    if type(self).attend is not EnergyAttention.attend:
      return super().attend_all(s_TxBxN, memory, keys_TxB)
    e, real = self.all_energies(s_TxBxN, memory), memory["real"]
    weights = self.normalise(e, jnp.expand_dims(real, (0, *range(2, e.ndim - 1))))
    return Glance(weights, weights if weights.ndim == 3 else weights.mean(axis=2))


class Spending(EnergyAttention):
  """A first base for a mechanism of energies, which then carries the sum of all its weights.

  The mechanism's own carry stays what it is, as {"own": .., "spent": ..} of both.
  """

  def begin(self, memory: Memory) -> Any:
    own = super().begin(memory)
    rows = memory["real"].shape[0]
    s_BxN = jax.ShapeDtypeStruct((rows, self.query_width), memory["h"].dtype)
    e = jax.eval_shape(self.energies, s_BxN, memory, own)
    return {"own": own, "spent": jnp.zeros(e.shape, e.dtype)}

  def attend(
    self, s_BxN: Float[Array, "B N"], memory: Memory, carry: Any, keys_B: Key[Array, "B"] | None
  ) -> Glance:
    now = memory | {"spent": carry["spent"]}
    glance = super().attend(s_BxN, now, carry["own"], keys_B)
    return glance._replace(carry={"own": glance.carry, "spent": carry["spent"] + glance.weights})


def find(model: ConfigDict, kind: str) -> type[Attention]:
  """The mechanism of that name, which carries what `model.normaliser` needs from step to step."""
  mechanism: type[Attention] = kinds.find("model.attention", kind).Attention
  if issubclass(mechanism, EnergyAttention) and spends(model):
    return _spending(mechanism)
  return mechanism


def within(model: ConfigDict) -> ConfigDict:
  """The model as the mechanism that `energy` names sees it: its own `energy` is `inner_energy`."""
  own = model.copy_and_resolve_references()
  name, attention = "energy", own.attention
  while f"{INNER}{name}" in attention:
    attention[name] = attention[f"{INNER}{name}"]
    name = f"{INNER}{name}"
  return own


def spends(model: ConfigDict) -> bool:
  """Whether the normaliser of a model depends on the weights of the steps before."""
  return SPENDS in kinds.traits("model.normaliser", model.normaliser.kind)


@functools.cache
def _spending(mechanism: type[Attention]) -> type[Attention]:
  return types.new_class(mechanism.__name__, (Spending, mechanism))
