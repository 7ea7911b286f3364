"""The whole model: p(y | x), for training all steps at once and for search step by step."""

import functools
import json

import jax
import jax.numpy as jnp
from flax import nnx
from ml_collections import ConfigDict

from nmt.data.ids import BOS, PAD
from nmt.models.attention.base import Memory
from nmt.models.decoder import Decoder, State
from nmt.models.dropout import dropout, split
from nmt.models.encoder import Encoder
from nmt.models.initializers import NOTHING, Initializers, initializers
from nmt.models.products import product

Params = dict[str, "Params | jax.Array"]


class Translation(nnx.Module):
  """RNNsearch (Bahdanau et al., 2015), and its relatives by configuration.

  A position is real iff its token is not PAD. The arrays of memory and state all have B first.
  """

  def __init__(self, model: ConfigDict, source_size: int, target_size: int, start: Initializers):
    self.rate = model.dropout.state
    self.product = product(model.precision)
    self.encoder = Encoder(model, source_size, start)
    self.decoder = Decoder(model, target_size, start)

  def features(
    self, source_BxJ: jax.Array, target_BxT: jax.Array, keys_B: jax.Array | None = None
  ) -> tuple[jax.Array, jax.Array]:
    """Features t_BxTxl, to be given to `logits`, and alpha_BxTxJ, with the target known.

    Step i sees y_{i-1}, with BOS before the first. `keys_B`, one key a sentence, switch dropout on.
    """
    encoder_keys, decoder_keys = split(keys_B, 2)
    memory, state = self.start(source_BxJ, encoder_keys)
    previous = jnp.pad(target_BxT[:, :-1], ((0, 0), (1, 0)), constant_values=BOS)
    return self.decoder.features(memory, state, previous, decoder_keys)

  def words(self) -> tuple[jax.Array, jax.Array]:
    """W_o (Vxl) and b_o (V) of logits = W_o t + b_o."""
    return self.decoder.words()

  def logits(self, t: jax.Array) -> jax.Array:
    """logits_...xV of features t_...xl."""
    W_o, b_o = self.words()
    flat = self.product("nl,vl->nv", t.reshape(-1, t.shape[-1]), W_o) + b_o[None]
    return flat.reshape(*t.shape[:-1], W_o.shape[0])

  def start(self, source_BxJ: jax.Array, keys_B: jax.Array | None = None) -> tuple[Memory, State]:
    """Memory of the source and the state before the first word."""
    embedding_keys, state_keys = split(keys_B, 2)
    real_BxJ = source_BxJ != PAD
    h_BxJxD, first_BxN = self.encoder(source_BxJ, real_BxJ, embedding_keys)
    return self.decoder.start(dropout(state_keys, self.rate, h_BxJxD), real_BxJ, first_BxN)

  def step(
    self, memory: Memory, state: State, y_B: jax.Array
  ) -> tuple[State, tuple[jax.Array, jax.Array]]:
    """One word further: the next state, logits_BxV and alpha_BxJ, y_B being the previous word."""
    after, t, alpha = self.decoder.step(memory, state, y_B)
    return after, (self.logits(t), alpha)


def init(model: ConfigDict, source_size: int, target_size: int, seed: int) -> Params:
  """Fresh float32 parameters, a nested dict of arrays that depends on nothing but the arguments."""
  start = initializers(model.init, seed)
  module = Translation(model, source_size, target_size, start)
  return jax.tree.map(jnp.asarray, nnx.to_pure_dict(nnx.state(module, nnx.Param)))


def shapes(model: ConfigDict, source_size: int, target_size: int) -> Params:
  """The tree that `init` makes, as jax.ShapeDtypeStruct; nothing is drawn."""
  module = Translation(model, source_size, target_size, NOTHING)
  tree = nnx.to_pure_dict(nnx.state(module, nnx.Param))
  return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), tree)


def flat(params: Params) -> dict[str, jax.Array]:
  """Parameters by their exported names (docs/weights.md), such as encoder.forward.W."""
  leaves = jax.tree.leaves_with_path(params)
  return {jax.tree_util.keystr(path, simple=True, separator="."): leaf for path, leaf in leaves}


def rebuild(model: ConfigDict, source_size: int, target_size: int, params: Params) -> Translation:
  """The model that has these parameters; cheap, and usable inside jit and grad."""
  return nnx.merge(_graph(model.to_json(), source_size, target_size), params)


@functools.cache
def _graph(model: str, source_size: int, target_size: int) -> nnx.GraphDef:
  config = ConfigDict(json.loads(model))
  return nnx.split(Translation(config, source_size, target_size, NOTHING))[0]
