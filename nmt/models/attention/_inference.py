"""The inference network of latent attention: which source word each target word comes from."""

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Key
from ml_collections import ConfigDict

from nmt.models.dropout import split
from nmt.models.encoders.base import run
from nmt.models.initializers import Initializers
from nmt.models.layers import make
from nmt.models.products import affine, product


class Reader(nnx.Module):
  """The states of both directions over embedded words: cells as the model's, of its size."""

  def __init__(self, model: ConfigDict, initial: Initializers):
    self.forward = make(model, model.embedding, initial)
    self.backward = make(model, model.embedding, initial)

  def __call__(
    self,
    x_BxLxM: Float[Array, "B L M"],
    real_BxL: Bool[Array, "B L"],
    keys_B: Key[Array, "B"] | None,
  ) -> Float[Array, "B L D"]:
    x_LxBxM, real_LxB, keys = x_BxLxM.swapaxes(0, 1), real_BxL.T, split(keys_B, 2)
    forward, _ = run(self.forward, x_LxBxM, real_LxB, False, keys[0])
    backward, _ = run(self.backward, x_LxBxM, real_LxB, True, keys[1])
    return jnp.concatenate([forward, backward], axis=-1).swapaxes(0, 1)


class Inference(nnx.Module):
  """q(z_i = j | x, y) ~ exp(g_i^T U f_j)   (Deng et al., 2018, section 4).

  f_j and g_i are the states, in both directions, of networks of its own over the source and over
  the whole target, y_i and what follows it too. It shares the word vectors with the model.
  """

  def __init__(self, model: ConfigDict, initial: Initializers):
    self.product = product(model.precision)
    self.source, self.target = Reader(model, initial), Reader(model, initial)
    self.U = nnx.Param(initial.dense((2 * model.size, 2 * model.size)))

  def __call__(
    self,
    x_BxJxM: Float[Array, "B J M"],
    real_BxJ: Bool[Array, "B J"],
    y_BxTxM: Float[Array, "B T M"],
    real_BxT: Bool[Array, "B T"],
    keys_B: Key[Array, "B"] | None = None,
  ) -> Float[Array, "B T J"]:
    """The scores g_i^T U f_j, of embedded source words and target words."""
    source_keys, target_keys = split(keys_B, 2)
    f_BxJxD = self.source(x_BxJxM, real_BxJ, source_keys)
    g_BxTxD = self.target(y_BxTxM, real_BxT, target_keys)
    return self.product("btd,bjd->btj", affine(self.product, g_BxTxD, self.U[...]), f_BxJxD)
