"""What every attention mechanism shares: masking, normalising, averaging."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from ml_collections import ConfigDict

from nmt.models.initializers import Initializers
from nmt.models.products import product

Memory = dict[str, Any]


class EnergyAttention(nnx.Module):
  """Find which notes matter now, from the scratchpad and the notes.

  alpha_i = softmax_j(energies(s_{i-1}, h_j)) over real words;  c_i = sum_j alpha_ij values_j

  A mechanism writes `energies`, and `precompute` for what does not depend on the step. The decoder
  multiplies the last axis of memory["values"] by its matrices, so `context` must be linear in it.
  """

  aligns = True  # alpha says where the model looks
  late: tuple[str, ...] = ("values",)  # of the memory, what is only the second operand of products

  def __init__(self, model: ConfigDict, start: Initializers):
    self.product = product(model.precision)

  @staticmethod
  def width(model: ConfigDict) -> int:
    """The width of a context: that of an annotation."""
    return 2 * model.size

  def precompute(self, h_BxJxD: jax.Array, real_BxJ: jax.Array) -> Memory:
    """What one source sentence needs in every step, each leaf with B as its first axis."""
    return {"values": h_BxJxD, "real": real_BxJ}

  def begin(self, memory: Memory) -> Any:
    """What the mechanism carries from step to step, each leaf with B first; most carry nothing."""
    return ()

  def energies(self, s_BxN: jax.Array, memory: Memory, carry: Any) -> jax.Array:
    """e_BxJ: how well each word matches the state; padding may get anything finite."""
    raise TypeError(f"{type(self).__module__} has no energies")

  def advance(self, carry: Any, alpha_BxJ: jax.Array) -> Any:
    """What is carried on, after this step's alpha."""
    return carry

  def __call__(self, s_BxN: jax.Array, memory: Memory, carry: Any) -> tuple[jax.Array, Any]:
    """alpha_BxJ and the next carry, for the state s_{i-1}."""
    alpha = normalise(self.energies(s_BxN, memory, carry), memory["real"])
    return alpha, self.advance(carry, alpha)

  def context(self, alpha: jax.Array, values_BxJxD: jax.Array) -> jax.Array:
    """c_BxD of a step's alpha_BxJ, or c_BxTxD of all steps' alpha_BxTxJ; any width D."""
    steps = "t" * (alpha.ndim - 2)
    return self.product(f"b{steps}j,bjd->b{steps}d", alpha, values_BxJxD)


@jax.custom_vjp
def normalise(e_BxJ: jax.Array, real_BxJ: jax.Array) -> jax.Array:
  """softmax over real words; exactly 0 on padding, and everywhere if no word is real."""
  e = jnp.where(real_BxJ, e_BxJ, jnp.finfo(e_BxJ.dtype).min)
  weights = jnp.where(real_BxJ, jnp.exp(e - e.max(axis=1, keepdims=True)), 0)
  total = weights.sum(axis=1, keepdims=True)
  return weights / jnp.where(total > 0, total, 1)


def _forward(e, real):
  alpha = normalise(e, real)
  return alpha, alpha


def _backward(alpha, slope):
  return alpha * (slope - (alpha * slope).sum(axis=1, keepdims=True)), None


normalise.defvjp(_forward, _backward)
