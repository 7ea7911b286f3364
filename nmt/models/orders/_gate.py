"""The context gate: how much of a new state comes from the source and how much from the target."""

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from nmt.models.initializers import Initializers
from nmt.models.products import affine, product

Share = Float[Array, "#*rows N"] | None  # of each unit; None: all of it


class ContextGate(nnx.Module):
  """z_i = sigmoid(W_z E y_{i-1} + U_z s + C_z c_i)   (Tu et al., 2017).

  By `model.order.gate`, z_i multiplies what comes from the source (C c_i), or from the target (the
  word and the state), or the source's is multiplied by z_i and the target's by 1 - z_i ("both").
  C_z is the last block of n columns of the order's C, so that it is projected and read as C is.
  Where the state has read the word already, there is no W_z.
  """

  def __init__(self, model: ConfigDict, words: bool, initial: Initializers):
    self.product = product(model.precision)
    self.scales: str = model.order.gate
    self.U_z = nnx.Param(initial.recurrent((model.size, model.size)))
    self.W_z = nnx.Param(initial.dense((model.embedding, model.size))) if words else None

  def words(self, E_y: Float[Array, "*rows M"]) -> Float[Array, "*rows N"]:
    """W_z E y, for all steps at once."""
    assert self.W_z is not None
    return affine(self.product, E_y, self.W_z[...])

  def __call__(
    self,
    s: Float[Array, "#*rows N"],
    c: Float[Array, "#*rows N"],
    words: Float[Array, "#*rows N"] | None = None,
  ) -> tuple[Share, Share]:
    """The shares of target and source, from s, C_z c and W_z E y."""
    sums = c + affine(self.product, s, self.U_z[...])
    z = jax.nn.sigmoid(sums if words is None else sums + words)
    if self.scales == "both":
      return 1 - z, z
    return (None, z) if self.scales == "source" else (z, None)


def make(model: ConfigDict, words: bool, initial: Initializers) -> ContextGate | None:
  """The gate, if `model.order.gate` asks for one."""
  return None if model.order.gate == "none" else ContextGate(model, words, initial)


def scaled(x: Float[Array, "#*rows G"], share: Share) -> Float[Array, "#*rows G"]:
  """x, each of whose blocks of n columns is multiplied by the share."""
  if share is None:
    return x
  copies = x.shape[-1] // share.shape[-1]
  return x * jnp.tile(share, (1,) * (share.ndim - 1) + (copies,))
