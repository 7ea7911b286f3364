"""What a readout is."""

from typing import Any

from flax import nnx
from jaxtyping import Array, Float
from ml_collections import ConfigDict

from nmt.models.initializers import Initializers, zeros
from nmt.models.products import product


class Readout(nnx.Module):
  """Pick the next word: y_i = NextWordNN(y_{i-1}, s_i, c_i).

  logits_i = W_o t_i + b_o, of features t_i of width l, which a file of this folder makes. The tied
  word vectors are W_o if `model.tie`. What reads the context is C_o, or None.
  """

  C_o: nnx.Param[Any] | None

  def __init__(self, model: ConfigDict, context: int, words: int, initial: Initializers):
    self.product = product(model.precision)
    width = self.extend(model, context, initial)
    if not model.tie:
      self.W_o = nnx.Param(initial.dense((words, width)))
    self.b_o = nnx.Param(zeros((words,)))

  def extend(self, model: ConfigDict, context: int, initial: Initializers) -> int:
    """Makes C_o and what else the readout has, for contexts of that width; returns l."""
    raise TypeError(f"{type(self).__module__} has no extend")

  def project(self, y: Float[Array, "*rows M"]) -> Any:
    """What the features take of the embedded words y_...xm, for all steps at once."""
    return None

  def __call__(self, s: Float[Array, "#*rows N"], y: Any, c: Any) -> Float[Array, "#*rows L"]:
    """t_...xl from states s_...xn, words as `project` gives them, and C_o c (None without C_o)."""
    raise TypeError(f"{type(self).__module__} has no __call__")

  def output(
    self, tied: Float[Array, "V L"] | None
  ) -> tuple[Float[Array, "V L"], Float[Array, "V"]]:
    """W_o and b_o; the tied word vectors in the place of W_o, if there are any."""
    return (self.W_o[...] if tied is None else tied), self.b_o[...]
