"""The whole model: p(y | x), for training all steps at once and for search step by step."""

import functools
import json
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int, Key
from ml_collections import ConfigDict

from nmt import kinds
from nmt.data.ids import BOS, PAD
from nmt.errors import UserError
from nmt.models.attention.base import Attention, Memory
from nmt.models.dropout import Rates, split
from nmt.models.encoders.base import Encoder
from nmt.models.initializers import NOTHING, Initializers, initializers
from nmt.models.mixture import NEVER, Given, Mixture, of_words, takes_part, whole
from nmt.models.orders.base import Decoder, Features, State
from nmt.models.products import product

Params = dict[str, Any]  # nested; the leaves are arrays, or stand for some in `shapes`


class Translation(nnx.Module):
  """RNNsearch (Bahdanau et al., 2015), and its relatives by configuration.

  A position is real iff its token is not PAD. The arrays of memory and state all have B first.
  """

  def __init__(self, model: ConfigDict, source_size: int, target_size: int, initial: Initializers):
    self.rates = Rates.of(model)
    self.product = product(model.precision)
    encoder = kinds.find("model.encoder", model.encoder.kind).Encoder
    decoder = kinds.find("model.order", model.order.kind).Decoder
    self.encoder: Encoder = encoder(model, source_size, initial)
    self.decoder: Decoder = decoder(model, self.encoder, target_size, initial)

  def features(
    self,
    source_BxJ: Int[Array, "B J"],
    target_BxT: Int[Array, "B T"],
    keys_B: Key[Array, "B"] | None = None,
    previous_BxT: Int[Array, "B T"] | None = None,
  ) -> Features:
    """Features t_BxTxl, to be given to `logits`, and alpha_BxTxJ, with the target known.

    Step i sees y_{i-1}, with BOS before the first, or else the i-th of the previous words given;
    losses are 0 where the target is padding. `keys_B`, one key a sentence, switch dropout and what
    a mechanism draws on.
    """
    encoder_keys, decoder_keys = split(keys_B, 2)
    memory, state = self.encode(source_BxJ, encoder_keys)
    if previous_BxT is None:
      previous_BxT = before(target_BxT)
    features = self.decoder.features(memory, state, previous_BxT, decoder_keys)
    numbers = features.losses, features.drawn
    losses, drawn = jax.tree.map(lambda x: jnp.where(target_BxT != PAD, x, 0), numbers)
    return features._replace(losses=losses, drawn=drawn)

  def output(self) -> tuple[Float[Array, "V L"], Float[Array, "V"]]:
    """W_o (Vxl) and b_o (V) of logits = W_o t + b_o."""
    return self.decoder.output()

  def logits(self, t: Float[Array, "*rows L"] | Mixture) -> Float[Array, "*rows V"]:
    """logits_...xV of features t_...xl; of a mixture log p_BxTxV, whose softmax is p as well."""
    W_o, b_o = self.output()
    if isinstance(t, Mixture):
      return whole(self.log_p_each, t, b_o.shape[0])
    flat = self.product("nl,vl->nv", t.reshape(-1, t.shape[-1]), W_o) + b_o[None]
    return flat.reshape(*t.shape[:-1], W_o.shape[0])

  def log_p_each(self, part: Mixture) -> Float[Array, "B T J V"]:
    """log p(. | s_i, h_j) of all source words j, for as few positions as memory holds."""
    return jax.nn.log_softmax(self.logits(self.decoder.each(part)))

  def words(self, t: Mixture, y_BxT: Int[Array, "B T"]) -> Given:
    """log p(y_i) and the like of given words, without all of log p_BxTxV."""
    return of_words(self.log_p_each, t, self.output()[1].shape[0], y_BxT)

  def infer(
    self,
    source_BxJ: Int[Array, "B J"],
    target_BxT: Int[Array, "B T"],
    log_alpha_BxTxJ: Float[Array, "B T J"],
    keys_B: Key[Array, "B"] | None = None,
  ) -> Float[Array, "B T J"]:
    """log q(z_i = j | x, y) of an inference network, over the words of which alpha is not 0."""
    network = self.decoder.attention.inference
    if network is None:
      raise UserError("this model has no inference network: model.attention.inference is not True")
    keys = split(keys_B, 3)
    scores = network(
      self.rates.words(keys[0], self.encoder.E_x[...][source_BxJ]),
      source_BxJ != PAD,
      self.rates.words(keys[1], self.decoder.E_y[...][target_BxT]),
      target_BxT != PAD,
      keys[2],
    )
    return jax.nn.log_softmax(jnp.where(takes_part(log_alpha_BxTxJ), scores, NEVER))

  def alignments(
    self,
    source_BxJ: Int[Array, "B J"],
    target_BxT: Int[Array, "B T"],
    features: Features,
    said: Given | None = None,
  ) -> Float[Array, "B T J"]:
    """Where the words of a given target come from, by `Attention.alignment`.

    prior: alpha; posterior: p(z_i = j | x, y_<=i) ~ alpha_ij p(y_i | s_i, h_j); inference: q.
    said: what `words` gives of the target, if that is known already.
    """
    t, by = features.t, self.decoder.attention.alignment
    if by == "prior" or not isinstance(t, Mixture):
      return features.alpha
    if by == "inference":
      log_p = self.infer(source_BxJ, target_BxT, t.log_alpha)
    else:
      said = self.words(t, target_BxT) if said is None else said
      log_p = jax.nn.log_softmax(t.log_alpha + said.each)
    return jnp.where(takes_part(t.log_alpha), jnp.exp(log_p), 0)

  def encode(
    self, source_BxJ: Int[Array, "B J"], keys_B: Key[Array, "B"] | None = None
  ) -> tuple[Memory, State]:
    """Memory of the source, and the state before the first word."""
    embedding_keys, state_keys = split(keys_B, 2)
    real_BxJ = source_BxJ != PAD
    notes = self.encoder(source_BxJ, real_BxJ, embedding_keys)
    keys, rate = state_keys, self.rates.state
    notes = notes._replace(h_BxJxD=self.rates.positions(keys, rate, notes.h_BxJxD))
    if notes.values_BxJxD is not None:
      (keys,) = split(state_keys, 1)
      values = self.rates.positions(keys, rate, notes.values_BxJxD)
      notes = notes._replace(values_BxJxD=values)
    return self.decoder.prepare(notes, real_BxJ)

  def step(
    self, memory: Memory, state: State, y_B: Int[Array, "B"]
  ) -> tuple[State, tuple[Float[Array, "B V"], Float[Array, "B J"]]]:
    """One word further: the next state, logits_BxV and alpha_BxJ, y_B being the previous word."""
    after, t, alpha = self.decoder.step(memory, state, y_B)
    logits = self.logits(t)
    return after, (logits[:, 0] if isinstance(t, Mixture) else logits, alpha)


def before(target_BxT: Int[Array, "B T"]) -> Int[Array, "B T"]:
  """The word before each one: BOS before the first."""
  return jnp.pad(target_BxT[:, :-1], ((0, 0), (1, 0)), constant_values=BOS)


def init(model: ConfigDict, source_size: int, target_size: int, seed: int) -> Params:
  """Fresh float32 parameters, a nested dict of arrays that depends on nothing but the arguments."""
  params: Params = jax.tree.map(jnp.asarray, _params(model, source_size, target_size, seed))
  return params


def shapes(model: ConfigDict, source_size: int, target_size: int) -> Params:
  """The tree that `init` makes, as jax.ShapeDtypeStruct; nothing is drawn."""
  tree = _params(model, source_size, target_size, None)
  like: Params = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), tree)
  return like


def _params(model: ConfigDict, source_size: int, target_size: int, seed: int | None) -> Params:
  """Parameters as drawn, or without a seed zeros; a joint vocabulary's vectors are E_y alone."""
  initial = NOTHING if seed is None else initializers(model.init, seed)
  module = Translation(model, source_size, target_size, initial)
  params: Params = nnx.to_pure_dict(nnx.state(module, nnx.Param))
  if model.joint:
    if source_size != target_size:
      raise UserError(
        f"model.joint needs one vocabulary, but the source has {source_size} words and the target "
        f"{target_size}: set data.tokenizer.joint"
      )
    del params["encoder"]["E_x"]
  return params


def random(model: ConfigDict) -> bool:
  """Whether training needs keys: for dropout, zoneout, or what the attention mechanism draws."""
  return Rates.of(model).any() or bool(model.cell.zoneout) or _attention(model).random


def _attention(model: ConfigDict) -> Attention:
  """A model's attention, with zeros as parameters."""
  return Translation(model, 1, 1, NOTHING).decoder.attention


def flat(params: Params) -> dict[str, Any]:
  """Parameters by their exported names (docs/weights.md), such as encoder.forward.W."""
  leaves = jax.tree.leaves_with_path(params)
  return {jax.tree_util.keystr(path, simple=True, separator="."): leaf for path, leaf in leaves}


def rebuild(model: ConfigDict, source_size: int, target_size: int, params: Params) -> Translation:
  """The model that has these parameters; cheap, and usable inside jit and grad."""
  if model.joint:
    params = params | {"encoder": params["encoder"] | {"E_x": params["decoder"]["E_y"]}}
  module: Translation = nnx.merge(_graph(model.to_json(), source_size, target_size), params)
  return module


@functools.cache
def _graph(model: str, source_size: int, target_size: int) -> nnx.GraphDef[Translation]:
  config = ConfigDict(json.loads(model))
  return nnx.split(Translation(config, source_size, target_size, NOTHING))[0]
