"""Convolutions in the place of recurrence: two stacks, to be scored and to be read."""

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Int, Key
from ml_collections import ConfigDict

from nmt.models.encoders.base import Annotations, mean
from nmt.models.encoders.embeddings import Encoder as Embeddings
from nmt.models.initializers import Initializers, zeros
from nmt.models.products import affine, product
from nmt.options import count, integer
from nmt.refusals import NO_READER

OPTIONS = {
  "layers": count(6, "layers of the stack whose outputs are scored"),
  "value_layers": count(3, "layers of the stack whose outputs contexts are averages of"),
  "kernel": integer(3, lambda x: x >= 1 and x % 2 == 1, "odd, 1 or more", "words a layer sees"),
  "positions": count(500, "positions with a vector of their own; words beyond share the last one"),
}
TRAITS = (NO_READER,)


class Layer(nnx.Module):
  """x + tanh(W [x_{j-k} ; .. ; x_{j+k}] + b), zeros standing outside the sentence."""

  def __init__(self, model: ConfigDict, initial: Initializers):
    n, self.kernel = model.size, model.encoder.kernel
    self.product = product(model.precision)
    self.W = nnx.Param(initial.dense((self.kernel * n, n)))
    self.b = nnx.Param(zeros((n,)))

  def __call__(
    self, x_BxJxN: Float[Array, "B J N"], real_BxJx1: Bool[Array, "B J 1"]
  ) -> Float[Array, "..."]:
    length, k = x_BxJxN.shape[1], self.kernel // 2
    padded = jnp.pad(jnp.where(real_BxJx1, x_BxJxN, 0), ((0, 0), (k, k), (0, 0)))
    windows = [padded[:, i : i + length] for i in range(self.kernel)]
    inside = affine(self.product, jnp.concatenate(windows, axis=2), self.W[...], self.b[...])
    return x_BxJxN + jnp.tanh(inside)


class Encoder(Embeddings):
  """The convolutional encoder of Gehring et al. (2017a, arXiv:1611.02344), section 3.2.

  e_j = W_e (E_x x_j + L_j) + b_e;  h = CNN-a(e) is what energies are computed from, and contexts
  are weighted means of CNN-c(e). In each layer a convolution, tanh and a residual connection. The
  summary, which the paper has none of, is the mean of h.
  """

  def __init__(self, model: ConfigDict, words: int, initial: Initializers):
    super().__init__(model, words, initial)
    self.product = product(model.precision)
    self.width = self.summary_width = model.size
    self.W_e = nnx.Param(initial.dense((model.embedding, model.size)))
    self.b_e = nnx.Param(zeros((model.size,)))
    self.scored = nnx.List([Layer(model, initial) for _ in range(model.encoder.layers)])
    self.read = nnx.List([Layer(model, initial) for _ in range(model.encoder.value_layers)])

  def __call__(
    self,
    source_BxJ: Int[Array, "B J"],
    real_BxJ: Bool[Array, "B J"],
    keys_B: Key[Array, "B"] | None = None,
  ) -> Annotations:
    e = affine(self.product, self.embed(source_BxJ, keys_B), self.W_e[...], self.b_e[...])
    h, values, real_BxJx1 = e, e, real_BxJ[:, :, None]
    for layer in self.scored:
      h = layer(h, real_BxJx1)
    for layer in self.read:
      values = layer(values, real_BxJx1)
    return Annotations(h, mean(h, real_BxJ), values)
